/** From what the workflow hands over to the commands that stores understand. */
import type { Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { BatchInput, BatchItem } from '../../src/domain/execution/batch.js';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import type { OpenSlice } from '../../src/domain/intake/open-slice.js';
import { parseIntent, type ParsedIntent, type RejectedIntent } from '../../src/domain/intents/parse.js';
import type { Command } from '../../src/domain/intents/command.js';
import { executionId } from '../../src/domain/sweep/port.js';

export interface ParsedItem {
  readonly item: Pick<BatchItem, 'intent_id' | 'correlation_id'>;
  readonly intent: ParsedIntent | RejectedIntent;
  /** Its place in the slice, if it is of one. */
  readonly at?: number;
}

/**
 * Every item, also those that today's schema refuses.
 * @param slice that holds the intents which are named by their place.
 */
export function parseItems(
  definition: AnyIntentDefinition,
  items: BatchInput['items'],
  slice?: OpenSlice,
): ParsedItem[] {
  const definitions = new Map([[definition.type, definition]]);
  return items.map((item) => {
    if (typeof item !== 'number') return { item, intent: parseIntent(item.intent, definitions) };
    if (slice === undefined) throw ApplicationFailure.nonRetryable(`no slice has intent ${item}`, 'PlanError');
    const { correlation_id } = slice.listAt(item);
    return { item: { intent_id: slice.idAt(item), correlation_id }, intent: slice.intentAt(item), at: item };
  });
}

/**
 * Commands of the valid ones, in their order.
 * @param correlationId of items that name none.
 */
export function commandsOf(parsed: readonly ParsedItem[], correlationId: string, info: Info): Command<unknown>[] {
  const execution_id = executionOf(info);
  return parsed.flatMap(({ item, intent }) =>
    intent.ok
      ? [
          {
            intent_id: item.intent_id,
            payload_hash: intent.hash,
            execution_id,
            correlation_id: item.correlation_id ?? correlationId,
            order_key: intent.definition.orderKey(intent.payload),
            payload: intent.payload,
          },
        ]
      : [],
  );
}

const executionOf = ({ workflowExecution, activityId }: Info): string =>
  workflowExecution === undefined
    ? activityId
    : executionId({ workflow_id: workflowExecution.workflowId, run_id: workflowExecution.runId });
