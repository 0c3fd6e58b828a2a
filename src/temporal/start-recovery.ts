/**
 * This module starts the recovery of a deployment. The worker that comes first starts it, and the others find it there
 * (ADR 0008).
 */
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import type { Logger } from 'pino';
import type { RecoveryReport, RecoveryRequest } from '../domain/recovery/recovery.js';
import { bundleHash, workflowBundle } from './bundle.js';

export interface DeploymentRecovery {
  readonly workflowId: string;
  /** False when the recovery runs, or has completed: another worker of the deployment started it. */
  readonly started: boolean;
}

/**
 * @param deployment names the deployment; default: the hash of its workflow code, which is the same for all its
 * workers.
 */
export async function startRecovery(
  client: Client,
  taskQueue: string,
  deployment: string | undefined,
  logger: Logger,
): Promise<DeploymentRecovery> {
  const workflowId = `recover-fsm-states-${taskQueue}-${deployment ?? (await bundleHash(await workflowBundle(logger)))}`;
  try {
    await client.workflow.start<(request: RecoveryRequest) => Promise<RecoveryReport>>('RecoverFsmStatesWorkflow', {
      args: [{}],
      taskQueue,
      workflowId,
      // A recovery that failed has given its reducers nothing, or half: the next worker that starts tries again.
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      staticSummary: 'recovery at the start of a deployment',
    });
    return { workflowId, started: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { workflowId, started: false };
  }
}
