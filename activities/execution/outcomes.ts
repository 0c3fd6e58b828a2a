/** From what stores say about commands to the results and announcements that the workflow gets. */
import type { Announcement } from '../../src/domain/execution/batch.js';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import { operationFailed } from '../../src/domain/intents/operation-failed.js';
import type { EffectOutcome } from '../../src/domain/intents/command.js';
import type { IntentResult } from '../../src/domain/intents/result.js';

export const refused = (error: string): EffectOutcome<object> => ({
  ok: false,
  error,
  settled_at: new Date().toISOString(),
});

/** @param elapsedMs milliseconds the batch took. */
export function resultOf(
  type: string,
  intentId: string,
  outcome: EffectOutcome<object>,
  elapsedMs: number,
): IntentResult {
  return {
    intent_id: intentId,
    intent_type: type,
    status: statusOf(outcome),
    success: outcome.ok,
    error: outcome.ok ? null : outcome.error,
    execution_time_ms: Math.round(elapsedMs * 100) / 100,
    timestamp: outcome.settled_at,
    // A store that answers for one intent found the intent at fault; its own failures are thrown.
    ...(outcome.ok ? outcome.result : { error_code: outcome.error_code ?? 'VALIDATION_ERROR' }),
    ...(outcome.ok && outcome.repeated ? { repeated: true } : {}),
  };
}

function statusOf(outcome: EffectOutcome<object>): IntentResult['status'] {
  if (!outcome.ok) return 'failed';
  return outcome.dead_lettered === true ? 'dead_lettered' : 'succeeded';
}

/** A repeat of another execution's intent is announced by that execution. */
export function announcementOf(definition: AnyIntentDefinition, result: IntentResult): Announcement[] {
  if (result['repeated'] === true) return [];
  const event = result.success ? definition.announce(result) : operationFailed(result);
  return event === null ? [] : [{ ...event, intent_id: result.intent_id }];
}
