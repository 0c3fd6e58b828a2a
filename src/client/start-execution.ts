/** This module starts the execution of a list, or finds the one that runs or has completed under its request id. */
import { randomUUID } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import type { ExecuteIntentsWorkflow } from '../../workflows/execution/execute-intents.js';
import type { Request, RequestInput } from '../domain/execution/request.js';
import { correlationId, intentOutcome } from '../domain/execution/search-attributes.js';
import { summaryOf } from '../domain/execution/summary.js';
import { FRESH_MEMO } from '../domain/sharing/shared-list.js';
import { requestHash } from '../domain/execution/request-conflict.js';
import { RequestConflictError } from './errors.js';
import { readRequest } from './given-request.js';

/** A `StartedExecution` names a list whose execution the server has accepted. */
export interface StartedExecution {
  /** The id to ask for the list's result and progress by, which is its request id. */
  readonly workflowId: string;
  readonly requestId: string;
  /** False when the request id was running or had completed already; the report is then that execution's. */
  readonly started: boolean;
  /** The workflow id of the execution that the list shares with others; absent for an execution of its own. */
  readonly sharedBy?: string;
}

/** A list as it is started: read, named, and with its hash. */
export interface StartableList {
  /** The request with its defaults filled in, so that the same list is the same however it was written. */
  readonly input: Request & { readonly request_id: string };
  readonly requestId: string;
  readonly hash: string;
  /** Whether the request id was made here, so that nobody can have used it. */
  readonly fresh: boolean;
}

/** @throws LimitError, RequestError naming the field. */
export function readList(request: RequestInput): StartableList {
  const { request_id, correlation_id, ...rest } = readRequest(request);
  const input = {
    ...rest,
    request_id: request_id ?? randomUUID(),
    ...(correlation_id == null ? {} : { correlation_id }),
  };
  return { input, requestId: input.request_id, hash: requestHash(input), fresh: request_id == null };
}

/** @throws RequestConflictError: another list has this request id. */
export async function startExecution(
  client: Client,
  taskQueue: string,
  { input, requestId, hash, fresh }: StartableList,
): Promise<StartedExecution> {
  const begin = async (workflowIdReusePolicy: WorkflowIdReusePolicy): Promise<boolean> => {
    try {
      await client.workflow.start<typeof ExecuteIntentsWorkflow>('ExecuteIntentsWorkflow', {
        args: [input],
        taskQueue,
        workflowId: requestId,
        workflowIdReusePolicy,
        memo: { request_sha256: hash, ...(fresh ? { [FRESH_MEMO]: true } : {}) },
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
