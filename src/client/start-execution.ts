/** This module starts the execution of a list, or finds the one that runs or has completed under its request id. */
import { createHash, randomUUID } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import stringify from 'safe-stable-stringify';
import type { ExecuteIntentsWorkflow } from '../../workflows/execution/execute-intents.js';
import type { RequestInput } from '../domain/execution/request.js';
import { correlationId, intentOutcome } from '../domain/execution/search-attributes.js';
import { summaryOf } from '../domain/execution/summary.js';
import { RequestConflictError } from './errors.js';
import { readRequest } from './given-request.js';

export interface StartedExecution {
  readonly workflowId: string;
  readonly requestId: string;
  /** False when the request id was running or had completed already; the report is then that execution's. */
  readonly started: boolean;
}

/** @throws LimitError, RequestError before anything starts; RequestConflictError: another list has this request id. */
export async function startExecution(
  client: Client,
  taskQueue: string,
  request: RequestInput,
): Promise<StartedExecution> {
  const input = requestOf(request);
  const requestId = input.request_id;
  const hash = createHash('sha256').update(stringify(input)).digest('hex');
  const begin = async (workflowIdReusePolicy: WorkflowIdReusePolicy): Promise<boolean> => {
    try {
      await client.workflow.start<typeof ExecuteIntentsWorkflow>('ExecuteIntentsWorkflow', {
        args: [input],
        taskQueue,
        workflowId: requestId,
        workflowIdReusePolicy,
        memo: { request_sha256: hash },
        typedSearchAttributes: [
          { key: intentOutcome, value: 'running' },
          { key: correlationId, value: input.correlation_id ?? requestId },
        ],
        staticSummary: summaryOf(input.intents),
      });
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  };
  let started = await begin(WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY);
  if (!started) {
    const { memo, typedSearchAttributes } = await client.workflow.getHandle(requestId).describe();
    if (memo?.['request_sha256'] !== hash) throw new RequestConflictError(requestId);
    // To Temporal an execution with a partial report has completed. Its attribute says otherwise.
    if (typedSearchAttributes.get(intentOutcome) === 'partial') {
      started = await begin(WorkflowIdReusePolicy.ALLOW_DUPLICATE);
    }
  }
  return { workflowId: requestId, requestId, started };
}

/** Returns the request with its defaults filled in, so that the same list is the same however it was written. */
function requestOf(request: RequestInput) {
  const { request_id, correlation_id, ...rest } = readRequest(request);
  return {
    ...rest,
    request_id: request_id ?? randomUUID(),
    ...(correlation_id == null ? {} : { correlation_id }),
  };
}
