/**
 * A worker version names the workers that run the same workflow code (ADR 0044). In Temporal's words it is a build of a
 * worker deployment.
 */
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { bundleHash } from '../bundle.js';

export interface WorkerVersion {
  /** The name that all versions of an installation share (`TEMPORAL_DEPLOYMENT_NAME`). */
  readonly deploymentName: string;
  /** The hash of the workflow code, behind `DEPLOYMENT_ID` where that is set. */
  readonly buildId: string;
}

/**
 * Returns the version of the workers that run a bundle. The hash is always part of it: two codes under one build id
 * would not replay each other's executions.
 * @param deploymentId `DEPLOYMENT_ID`.
 */
export async function workerVersion(
  deploymentName: string,
  deploymentId: string | undefined,
  bundle: string,
): Promise<WorkerVersion> {
  const hash = await bundleHash(bundle);
  return { deploymentName, buildId: deploymentId === undefined ? hash : `${deploymentId}-${hash}` };
}

/** Returns what a worker is to say of its version. Pinned is what `workflows/versioned.ts` does not name. */
export const workerOptions = (version: WorkerVersion | undefined) =>
  version === undefined
    ? {}
    : {
        workerDeploymentOptions: {
          version,
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'PINNED',
        } satisfies WorkerDeploymentOptions,
      };
