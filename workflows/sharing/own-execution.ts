/** This module starts an execution for one list of a shared execution. */
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { defaultPayloadConverter, RawValue, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { correlationId, intentOutcome } from '../../src/domain/execution/search-attributes.js';
import { summaryOf } from '../../src/domain/execution/summary.js';
import type { SharedPlan } from '../../src/domain/sharing/shared-list.js';

/**
 * Starts a list under its request id, as its caller would have. What it has done is a repeat there. An execution that
 * runs under the id already has the list.
 * @param given the undecoded input of the shared execution.
 */
export async function startAlone(given: unknown, { lists }: SharedPlan, number: number): Promise<void> {
  const list = lists[number];
  const request = requestsIn(given)[number];
  if (list === undefined || request === undefined) return;
  const { request_id, correlation_id, request_sha256 } = list;
  try {
    await startChild('ExecuteIntentsWorkflow', {
      args: [{ ...request, request_id }],
      workflowId: request_id,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      memo: { request_sha256 },
      typedSearchAttributes: [
        { key: intentOutcome, value: 'running' },
        { key: correlationId, value: correlation_id },
      ],
      staticSummary: summaryOf(request.intents),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Returns the requests of the input, which the plan has found to be valid. */
function requestsIn(given: unknown): readonly { readonly intents: readonly unknown[] }[] {
  const { lists } = (given instanceof RawValue ? defaultPayloadConverter.fromPayload(given.payload) : given) as {
    readonly lists: readonly { readonly intents: readonly unknown[] }[];
  };
  return lists;
}
