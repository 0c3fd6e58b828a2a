/**
 * Where Temporal meets an effect: parses what arrived, times the effect, turns outcomes into results, and translates
 * failures into what Temporal should do about them.
 */
import { activityInfo, type Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Announcement, BatchActivity, BatchItem } from '../src/intents/batch.js';
import type { AnyIntentDefinition } from '../src/intents/definition.js';
import { type DefinitionsByType, parseIntent, type ParsedIntent } from '../src/intents/parse.js';
import { type Command, type EffectOutcome, executionId } from '../src/intents/ports.js';
import { operationFailed } from '../src/intents/operation-failed.js';
import type { IntentResult } from '../src/intents/result.js';
import type { AnyEffect, Ports } from './effect.js';
import { failAttempt, type OutageBudget } from './failures.js';
import { failuresOf, spentBefore } from './spent-attempts.js';

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
    const executionId = executionOf(info);
    const parsed = input.items.map((item) => ({ item, intent: parseIntent(item.intent, definitions) }));
    const commands = parsed.flatMap(({ item, intent }) => (intent.ok ? [commandOf(intent, item, executionId)] : []));
    const notAnnounced: string[] = [];
    try {
      const outcomes = await carry({
        commands,
        correlationId: input.correlation_id,
        scheduledAt: new Date(info.scheduledTimestampMs).toISOString(),
        pageBytes: input.page_bytes,
        announce: input.announce ?? [],
        attempt: 1 + failuresOf(spentBefore(info), definition.errorCode),
        notAnnounced: (intentId) => notAnnounced.push(intentId),
      });
      options.budget.succeeded(definition.errorCode);
      const elapsedMs = performance.now() - started;
      const settled = outcomes.values();
      const results = parsed.map(({ item, intent }) => {
        // A list planned by an older version may hold what today's schema refuses.
        const outcome = intent.ok ? settled.next().value : refused(intent.error);
        return resultOf(definition.type, item.intent_id, outcome ?? refused('the store gave no outcome'), elapsedMs);
      });
      for (const { status } of results) options.instruments.settled(definition.type, status, elapsedMs / 1_000);
      return {
        results,
        announce: results.flatMap((result) => announcementOf(definition, result)),
        ...(notAnnounced.length > 0 ? { not_announced: notAnnounced } : {}),
      };
    } catch (error) {
      const failure = failAttempt(info, error, definition.errorCode, options.budget);
      if (failure instanceof ApplicationFailure && failure.nonRetryable === true) {
        const elapsed = (performance.now() - started) / 1_000;
        for (const _item of input.items) options.instruments.settled(definition.type, 'failed', elapsed);
      }
      throw failure;
    }
  };
}

const executionOf = ({ workflowExecution, activityId }: Info): string =>
  workflowExecution === undefined
    ? activityId
    : executionId({ workflow_id: workflowExecution.workflowId, run_id: workflowExecution.runId });

const refused = (error: string): EffectOutcome<object> => ({ ok: false, error, settled_at: new Date().toISOString() });

const commandOf = (intent: ParsedIntent, item: BatchItem, executionId: string): Command<unknown> => ({
  intent_id: item.intent_id,
  payload_hash: intent.hash,
  execution_id: executionId,
  payload: intent.payload,
});

function resultOf(type: string, intentId: string, outcome: EffectOutcome<object>, elapsedMs: number): IntentResult {
  return {
    intent_id: intentId,
    intent_type: type,
    status: statusOf(outcome),
    success: outcome.ok,
    error: outcome.ok ? null : outcome.error,
    execution_time_ms: Math.round(elapsedMs * 100) / 100,
    timestamp: outcome.settled_at,
    // A store that answers for one intent found the intent at fault; its own failures are thrown.
    ...(outcome.ok ? outcome.result : { error_code: 'VALIDATION_ERROR' }),
    ...(outcome.ok && outcome.repeated ? { repeated: true } : {}),
  };
}

function statusOf(outcome: EffectOutcome<object>): IntentResult['status'] {
  if (!outcome.ok) return 'failed';
  return outcome.dead_lettered === true ? 'dead_lettered' : 'succeeded';
}

/** A repeat of another execution's intent is announced by that execution. */
function announcementOf(definition: AnyIntentDefinition, result: IntentResult): Announcement[] {
  if (result['repeated'] === true) return [];
  const event = result.success ? definition.announce(result) : operationFailed(result);
  return event === null ? [] : [{ ...event, intent_id: result.intent_id }];
}
