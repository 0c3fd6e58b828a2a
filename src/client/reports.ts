/** This module gets the report of an execution, also from the failure that one ends with. */
import {
  ApplicationFailure,
  CancelledFailure,
  type Client,
  TerminatedFailure,
  WorkflowFailedError,
} from '@temporalio/client';
import type { ExecuteIntentsWorkflow } from '../../workflows/execution/execute-intents.js';
import { REQUEST_CONFLICT } from '../domain/execution/request-conflict.js';
import type { Report } from '../domain/execution/report.js';
import { ExecutionError, RefusedError, RequestConflictError } from './errors.js';
import type { IntentsReport } from './types.js';
import { whileWorkersPoll } from './while-workers-poll.js';

/** Waits for the report of an execution's latest run. @throws as `StoreEffectClient.result`. */
export async function reportOf(client: Client, workflowId: string, workerTimeoutMs: number): Promise<IntentsReport> {
  const handle = client.workflow.getHandle<typeof ExecuteIntentsWorkflow>(workflowId);
  try {
    const report = await whileWorkersPoll(client, workflowId, workerTimeoutMs, () => handle.result());
    return report as IntentsReport;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    // Temporal keeps no details of a cancellation: the workflow itself is asked.
    const report =
      error.cause instanceof CancelledFailure
        ? await handle.query<Report | null>('report').catch((cause: unknown) => {
            const message = `${workflowId}: was cancelled, and no worker is there to ask for its report`;
            throw new ExecutionError(workflowId, message, { cause });
          })
        : null;
    return (report as IntentsReport | null) ?? reportIn(workflowId, error);
  }
}

/** Returns the report in the failure of an execution. */
function reportIn(workflowId: string, error: WorkflowFailedError): IntentsReport {
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    if (cause.type === 'InvalidInput') throw new RefusedError(workflowId, cause.message, { cause });
    if (cause.type === REQUEST_CONFLICT) throw new RequestConflictError(workflowId);
    if (cause.type === 'FailFast' && cause.details?.[0] !== undefined) return cause.details[0] as IntentsReport;
  }
  throw endingOf(workflowId, error);
}

/** Returns the error of an execution that ended without a report. */
export function endingOf(workflowId: string, { cause, message }: WorkflowFailedError): ExecutionError {
  const ending = cause instanceof TerminatedFailure ? 'was terminated' : message;
  const reason = cause === undefined || cause.message === '' ? '' : `: ${cause.message}`;
  return new ExecutionError(workflowId, `${workflowId}: ${ending}${reason}`, { cause });
}
