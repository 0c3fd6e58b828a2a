/** From what the workflow hands over to the commands that stores understand. */
import type { Info } from '@temporalio/activity';
import type { BatchItem } from '../src/intents/batch.js';
import type { AnyIntentDefinition } from '../src/intents/definition.js';
import { parseIntent, type ParsedIntent, type RejectedIntent } from '../src/intents/parse.js';
import { type Command, executionId } from '../src/intents/ports.js';

export interface ParsedItem {
  readonly item: BatchItem;
  readonly intent: ParsedIntent | RejectedIntent;
}

/**
 * Every item, also those that today's schema refuses.
 * @param intentAt finds the intents of a slice.
 */
export function parseItems(
  definition: AnyIntentDefinition,
  items: readonly BatchItem[],
  intentAt?: (at: number) => ParsedIntent | RejectedIntent,
): ParsedItem[] {
  const definitions = new Map([[definition.type, definition]]);
  return items.map((item) => ({
    item,
    intent: item.at === undefined || intentAt === undefined ? parseIntent(item.intent, definitions) : intentAt(item.at),
  }));
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
