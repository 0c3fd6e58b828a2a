/** This adapter asks Temporal for executions that ended without announcing all their effects, and for their inputs. */
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { EffectError } from '../domain/failures/failure.js';
import { classify } from '../domain/failures/failure-table.js';
import type { EndedExecutions } from '../domain/sweep/port.js';
import { EXECUTE_LISTS } from '../domain/sharing/shared-list.js';
import { quoted } from './visibility.js';
import { unannouncedEffects } from '../domain/execution/search-attributes.js';

/** gRPC status code. */
const NOT_FOUND = 5;

/** @param client of the namespace to look in. */
export function createEndedExecutions(client: Client, taskQueue: string): EndedExecutions {
  const { namespace, loadedDataConverter } = client.options;
  return {
    async list(closedBefore, after, limit) {
      // A reset ends the run it was made from, as Terminated. The query has no lower bound, because Temporal forgets
      // what is past its retention.
      const query =
        `WorkflowType IN ('ExecuteIntentsWorkflow', 'ExecuteSliceWorkflow', '${EXECUTE_LISTS}') AND TaskQueue = ${quoted(taskQueue)} AND ` +
        `CloseTime < ${quoted(closedBefore)} AND (ExecutionStatus = 'Terminated' OR ExecutionStatus = 'TimedOut' OR ` +
        // A list's own failure is in its report; a slice fails only when its lists could not be answered.
        `(WorkflowType = 'ExecuteSliceWorkflow' AND ExecutionStatus = 'Failed') OR ${unannouncedEffects.name} > 0)`;
      const { executions, nextPageToken } = await asked(() =>
        client.workflowService.listWorkflowExecutions({
          namespace,
          query,
          pageSize: limit,
          ...(after === null ? {} : { nextPageToken: Buffer.from(after, 'base64') }),
        }),
      );
      return {
        executions: executions.flatMap(({ execution }) =>
          execution == null ? [] : [{ workflow_id: execution.workflowId ?? '', run_id: execution.runId ?? '' }],
        ),
        next: nextPageToken.length === 0 ? null : Buffer.from(nextPageToken).toString('base64'),
      };
    },

    async input({ workflow_id, run_id }) {
      const history = await asked(() =>
        client.workflowService
          .getWorkflowExecutionHistory({
            namespace,
            execution: { workflowId: workflow_id, runId: run_id },
            maximumPageSize: 1,
          })
          .catch(nullIfMissing),
      );
      const started = history?.history?.events?.[0]?.workflowExecutionStartedEventAttributes;
      if (started == null) return null;
      return {
        value: await decoded(loadedDataConverter, started.input?.payloads),
        type: started.workflowType?.name ?? '',
        started_at: new Date(tsToMs(history?.history?.events?.[0]?.eventTime)).toISOString(),
      };
    },
  };
}

/**
 * Returns the value of the first payload, or undefined for one that is no JSON, as for no payload at all.
 * @throws EffectError for one that cannot be decrypted now: it must not pass for a wrong input.
 */
async function decoded(converter: LoadedDataConverter, payloads: Payload[] | null | undefined): Promise<unknown> {
  try {
    return await decodeFromPayloadsAtIndex(converter, 0, payloads);
  } catch (error) {
    if (error instanceof EffectError) throw error;
    return undefined;
  }
}

function nullIfMissing(error: unknown): null {
  if (isGrpcServiceError(error) && (error.code as number) === NOT_FOUND) return null;
  throw error;
}

/** @throws EffectError of the store `temporal`, whatever went wrong. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const message = `Temporal: ${error instanceof Error ? error.message : String(error)}`;
    throw new EffectError(classify(error)?.failureClass ?? 'unknown', message, {
      cause: error,
      store: 'temporal',
    });
  }
}
