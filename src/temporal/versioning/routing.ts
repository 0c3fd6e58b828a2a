/** This module asks Temporal which version of the workers gets the new executions of a task queue. */
import type { Client } from '@temporalio/client';
import type { WorkerVersion } from './worker-version.js';

export interface Routing {
  /** The version that new executions start on; null: workers without a version. */
  readonly current: WorkerVersion | null;
  /** The version that a share of the new executions starts on; null when there is none. */
  readonly ramping: WorkerVersion | null;
  /** The share of a ramp in percent. A ramp back to workers without a version has one, and no version. */
  readonly percent: number;
}

/** The part of a client that is asked here. Clients of both kinds of connection have it. */
export type Asked = Pick<Client, 'workflowService'> & { readonly options: Pick<Client['options'], 'namespace'> };

export type DescribedQueue = Awaited<ReturnType<Asked['workflowService']['describeTaskQueue']>>;

/** Describes a task queue: where its new executions go, and who has polled it for workflow tasks. */
export const describeQueue = ({ workflowService, options }: Asked, taskQueue: string): Promise<DescribedQueue> =>
  workflowService.describeTaskQueue({ namespace: options.namespace, taskQueue: { name: taskQueue } });

export const routingOf = async (client: Asked, taskQueue: string): Promise<Routing> =>
  routingIn(await describeQueue(client, taskQueue));

/** Returns the routing that the description of a task queue has. */
export const routingIn = ({ versioningInfo }: Pick<DescribedQueue, 'versioningInfo'>): Routing => ({
  current: versionOf(versioningInfo?.currentDeploymentVersion),
  ramping: versionOf(versioningInfo?.rampingDeploymentVersion),
  percent: versioningInfo?.rampingVersionPercentage ?? 0,
});

type Described = { readonly deploymentName?: string | null; readonly buildId?: string | null } | null | undefined;

/** Returns a version as the server describes it; null where it is of workers without one. */
export const versionOf = (described: Described): WorkerVersion | null =>
  described?.deploymentName && described.buildId
    ? { deploymentName: described.deploymentName, buildId: described.buildId }
    : null;

export const isSame = (one: WorkerVersion | null, other: WorkerVersion | null): boolean =>
  one?.deploymentName === other?.deploymentName && one?.buildId === other?.buildId;

/** Returns whether every new execution is for the workers of `version`. */
export const takesAll = ({ current, ramping, percent }: Routing, version: WorkerVersion): boolean =>
  isSame(current, version) && ramping === null && percent === 0;

/** Milliseconds after which the server is asked again: an intake starts tens of slices a second. */
const ASKED_AGAIN_MS = 1_000;
/** Milliseconds for which an answer counts. A start that goes by an older one could be minutes late. */
const KNOWN_MS = 5_000;

/**
 * Makes a function that says whether a start may bring its first task to this process. The server accepts an eager
 * start from any worker, also from one whose version is not current, and the execution is pinned there. So it is asked
 * for only while all new executions are this version's anyway. In doubt they go by way of the task queue: no start
 * waits for the server's answer.
 */
export function eagerStarts(
  client: Asked,
  taskQueue: string,
  version: WorkerVersion | undefined,
  now = Date.now,
): () => boolean {
  if (version === undefined) return () => true;
  let asked = -Infinity;
  let known = { at: -Infinity, takesAll: false };
  const ask = async (at: number): Promise<void> => {
    known = { at, takesAll: takesAll(await routingOf(client, taskQueue), version) };
  };
  return () => {
    const at = now();
    if (at - asked >= ASKED_AGAIN_MS) {
      asked = at;
      // The answer before counts on, as long as it may.
      ask(at).catch(() => undefined);
    }
    return known.takesAll && at - known.at < KNOWN_MS;
  };
}
