/** This module asks Temporal for the versions of a worker deployment, and says which of them gets new executions. */
import { tsToMs } from '@temporalio/common/lib/time.js';
import { GRPC, grpcCode } from '../grpc.js';
import { quoted } from '../visibility.js';
import { type Asked, type DescribedQueue, describeQueue, routingIn } from './routing.js';

/**
 * `draining`: pinned executions are open, or were a short time ago. `drained`: there are none. `inactive`: the version
 * has never been current.
 */
type VersionStatus = 'current' | 'ramping' | 'draining' | 'drained' | 'inactive';

export interface VersionReport {
  readonly build_id: string;
  readonly status: VersionStatus;
  /** The share of the new executions that start on it. */
  readonly percent: number;
  /** Number of open executions that only its workers can go on with. */
  readonly open: number;
  /** The time of the last poll of its workers, in ISO 8601; null when the server remembers none. */
  readonly last_poll: string | null;
  readonly created_at: string;
  /** Whether its workers may be ended: it is drained, and nothing is open. */
  readonly may_end: boolean;
}

export interface DeploymentReport {
  readonly deployment: string;
  /** The build id of the current version; null: workers without a version get new executions. */
  readonly current: string | null;
  /** The build id of the version that a share of the new executions starts on; null when there is none. */
  readonly ramping: string | null;
  /** The share of a ramp in percent. One back to workers without a version has no build id. */
  readonly ramping_percent: number;
  /** The name of another deployment, whose version is current for the task queue; null when there is none. */
  readonly other_deployment: string | null;
  /** The time of the last poll of workers without a version, likewise. */
  readonly unversioned_last_poll: string | null;
  readonly versions: readonly VersionReport[];
}

/** `temporal.api.enums.v1.WorkerDeploymentVersionStatus`. */
const STATUS: Readonly<Record<number, VersionStatus>> = { 2: 'current', 3: 'ramping', 4: 'draining', 5: 'drained' };

/** Describes a deployment, its newest version first. One that no worker has polled for has no versions. */
export async function describeDeployment(
  client: Asked,
  deployment: string,
  taskQueue: string,
): Promise<DeploymentReport> {
  const { workflowService, options } = client;
  const { namespace } = options;
  const described = await workflowService
    .describeWorkerDeployment({ namespace, deploymentName: deployment })
    .catch((error: unknown) => {
      if (grpcCode(error) === GRPC.NOT_FOUND) return null;
      throw error;
    });
  const { routingConfig, versionSummaries } = described?.workerDeploymentInfo ?? {};
  const current = routingConfig?.currentDeploymentVersion?.buildId ?? null;
  const ramping = routingConfig?.rampingDeploymentVersion?.buildId ?? null;
  const share = routingConfig?.rampingVersionPercentage ?? 0;
  const queue = await describeQueue(client, taskQueue);
  const polls = pollsIn(queue, deployment);
  const versions = await Promise.all(
    (versionSummaries ?? []).map(async ({ deploymentVersion, status, createTime }): Promise<VersionReport> => {
      const build_id = deploymentVersion?.buildId ?? '';
      const is = STATUS[status ?? 0] ?? 'inactive';
      const open = await openOn(client, deployment, build_id);
      return {
        build_id,
        status: is,
        percent: build_id === ramping ? share : build_id === current ? (ramping === null ? 100 : 100 - share) : 0,
        open,
        last_poll: polls.get(build_id) ?? null,
        created_at: new Date(tsToMs(createTime)).toISOString(),
        may_end: is === 'drained' && open === 0,
      };
    }),
  );
  const named = routingIn(queue).current?.deploymentName ?? deployment;
  return {
    deployment,
    current,
    ramping,
    ramping_percent: share,
    other_deployment: named === deployment ? null : named,
    unversioned_last_poll: polls.get(null) ?? null,
    versions: versions.sort((a, b) => b.created_at.localeCompare(a.created_at)),
  };
}

/** Sends new executions to a version; null sends them to workers without one. It ends a ramp onto the same version. */
export async function setCurrent(client: Asked, deploymentName: string, buildId: string | null): Promise<void> {
  const { namespace } = client.options;
  await client.workflowService.setWorkerDeploymentCurrentVersion({
    namespace,
    deploymentName,
    buildId: buildId ?? '',
    identity: IDENTITY,
  });
}

/** Sends a share of the new executions to a version; null ends the ramp. */
export async function setRamp(
  client: Asked,
  deploymentName: string,
  buildId: string | null,
  percentage: number,
): Promise<void> {
  const { namespace } = client.options;
  await client.workflowService.setWorkerDeploymentRampingVersion({
    namespace,
    deploymentName,
    buildId: buildId ?? '',
    percentage: buildId === null ? 0 : percentage,
    identity: IDENTITY,
  });
}

/** The name by which Temporal remembers who changed a deployment. */
const IDENTITY = 'bridge deploy';

/** Counts the open executions that are pinned to a version. */
async function openOn({ workflowService, options }: Asked, deployment: string, buildId: string): Promise<number> {
  const query =
    `TemporalWorkerDeploymentVersion = ${quoted(`${deployment}:${buildId}`)} AND ` +
    `TemporalWorkflowVersioningBehavior = 'Pinned' AND ExecutionStatus = 'Running'`;
  const { count } = await workflowService.countWorkflowExecutions({ namespace: options.namespace, query });
  return Number(count);
}

/** Returns when the workers of each version last polled, in ISO 8601 by its build id; null for those without one. */
function pollsIn({ pollers }: DescribedQueue, deployment: string): ReadonlyMap<string | null, string> {
  const polls = new Map<string | null, string>();
  for (const { deploymentOptions, lastAccessTime } of pollers) {
    const { deploymentName, buildId } = deploymentOptions ?? {};
    if (deploymentName && deploymentName !== deployment) continue;
    const version = deploymentName ? (buildId ?? '') : null;
    const at = new Date(tsToMs(lastAccessTime)).toISOString();
    if (at > (polls.get(version) ?? '')) polls.set(version, at);
  }
  return polls;
}
