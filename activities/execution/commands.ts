/** This module turns the items that the workflow hands over into the commands that stores understand. */
import type { Info } from '@temporalio/activity';
import type { BatchItem } from '../../src/domain/execution/batch.js';
import { orderKeyOf } from '../../src/domain/execution/plan.js';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import { parseIntent, type ParsedIntent, type RejectedIntent } from '../../src/domain/intents/parse.js';
import type { Command } from '../../src/domain/intents/command.js';
import { executionId } from '../../src/domain/sweep/port.js';

export interface ParsedItem {
  readonly item: Pick<BatchItem, 'intent_id' | 'correlation_id'>;
  readonly intent: ParsedIntent | RejectedIntent;
  /** Position of the intent in its slice; absent for a plain list. */
  readonly position?: number;
}

/** Parses an item that brings its intent along. */
export const parseItem = (definition: AnyIntentDefinition, item: BatchItem): ParsedItem => ({
  item,
  intent: parseIntent(item.intent, new Map([[definition.type, definition]])),
});

/**
 * Returns the commands of the valid intents, in their order.
 * @param correlationId is the correlation id of items that name none.
 */
export function commandsOf(parsed: readonly ParsedItem[], correlationId: string, info: Info): Command<unknown>[] {
  const execution_id = executionOf(info);
  return parsed.flatMap(({ item: { intent_id, correlation_id = correlationId }, intent }) => {
    if (!intent.ok) return [];
    const { hash: payload_hash, payload } = intent;
    const order_key = orderKeyOf(intent, correlation_id);
    return [{ intent_id, payload_hash, execution_id, correlation_id, order_key, payload }];
  });
}

const executionOf = ({ workflowExecution, activityId }: Info): string =>
  workflowExecution === undefined
    ? activityId
    : executionId({ workflow_id: workflowExecution.workflowId, run_id: workflowExecution.runId });
