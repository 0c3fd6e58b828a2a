/**
 * Where Temporal meets an effect: parses what arrived, times the effect, turns outcomes into results, and translates
 * failures into what Temporal should do about them.
 */
import { activityInfo } from '@temporalio/activity';
import type { Announcement, BatchActivity, BatchItem } from '../src/intents/batch.js';
import { type DefinitionsByType, parseIntent, type ParsedIntent } from '../src/intents/parse.js';
import type { Command, EffectOutcome } from '../src/intents/ports.js';
import { operationFailed } from '../src/intents/operation-failed.js';
import type { IntentResult } from '../src/intents/result.js';
import type { AnyEffect, Ports } from './effect.js';
import { type OutageBudget, toTemporalFailure } from './failures.js';

/** What the activities tell the metrics. */
export interface Instruments {
  /** One intent settled. `seconds` is the time its batch took. */
  settled(intentType: string, status: IntentResult['status'], seconds: number): void;
}

export interface BoundaryOptions {
  readonly instruments: Instruments;
  readonly budget: OutageBudget;
}

export function toActivity(effect: AnyEffect, ports: Ports, options: BoundaryOptions): BatchActivity {
  const { definition } = effect;
  const definitions: DefinitionsByType = new Map([[definition.type, definition]]);
  const carry = effect.create(ports);

  return async (input) => {
    const info = activityInfo();
    const started = performance.now();
    const execution = info.workflowExecution;
    const executionId = execution === undefined ? info.activityId : `${execution.workflowId}/${execution.runId}`;
    const parsed = input.items.map(({ intent }) => parseIntent(intent, definitions));
    const commands = parsed.flatMap((intent, index) =>
      intent.ok ? [commandOf(intent, input.items[index] as BatchItem, executionId)] : [],
    );
    try {
      const outcomes = await carry({
        commands,
        correlationId: input.correlation_id,
        scheduledAt: new Date(info.scheduledTimestampMs).toISOString(),
        announce: input.announce ?? [],
      });
      options.budget.succeeded(definition.errorCode);
      const elapsed = performance.now() - started;
      const settled = outcomes[Symbol.iterator]();
      const results = parsed.map((intent, index) => {
        const item = input.items[index] as BatchItem;
        // A list planned by an older version may hold what today's schema refuses.
        const outcome: EffectOutcome<object> = intent.ok
          ? (settled.next().value as EffectOutcome<object>)
          : { ok: false, error: intent.error, settled_at: new Date().toISOString() };
        return resultOf(effect, item.intent_id, outcome, intent.ok ? elapsed : 0);
      });
      for (const { status } of results) options.instruments.settled(definition.type, status, elapsed / 1_000);
      return { results, announce: results.flatMap((result) => announcementOf(effect, result)) };
    } catch (error) {
      throw toTemporalFailure(error, definition.errorCode, info.attempt, options.budget);
    }
  };
}

const commandOf = (intent: ParsedIntent, item: BatchItem, executionId: string): Command<unknown> => ({
  intent_id: item.intent_id,
  payload_hash: intent.hash,
  execution_id: executionId,
  payload: intent.payload,
});

function resultOf(effect: AnyEffect, intentId: string, outcome: EffectOutcome<object>, elapsedMs: number): IntentResult {
    return {
    intent_id: intentId,
    intent_type: effect.definition.type,
    status: outcome.ok ? 'succeeded' : 'failed',
    success: outcome.ok,
    error: outcome.ok ? null : outcome.error,
    execution_time_ms: Math.round(elapsedMs * 100) / 100,
    timestamp: outcome.settled_at,
    // A store that answers for one intent found the intent at fault; its own failures are thrown.
    ...(outcome.ok ? outcome.result : { error_code: 'VALIDATION_ERROR' }),
    ...(outcome.ok && outcome.repeated ? { repeated: true } : {}),
  };
}

/** A repeat of another execution's intent is announced by that execution. */
function announcementOf(effect: AnyEffect, result: IntentResult): Announcement[] {
  if (result['repeated'] === true) return [];
  const event = result.success ? effect.definition.announce(result) : operationFailed(result);
  return event === null ? [] : [{ ...event, intent_id: result.intent_id }];
}
