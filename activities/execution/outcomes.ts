/** This module turns the replies of stores to commands into the results and announcements that the workflow gets. */
import type { Info } from '@temporalio/activity';
import type { AnyEffect } from '../effects/effect.js';
import type { Announcement } from '../../src/domain/execution/batch.js';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import { operationFailed } from '../../src/domain/intents/operation-failed.js';
import type { Command, EffectOutcome } from '../../src/domain/intents/command.js';
import type { IntentResult } from '../../src/domain/intents/result.js';

export const refused = (error: string): EffectOutcome<object> => ({
  ok: false,
  error,
  settled_at: new Date().toISOString(),
});

/** @param elapsedMs milliseconds that the batch took. */
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
    // A store that replies with an error found the intent at fault; the store's own failures are thrown.
    ...(outcome.ok ? outcome.result : { error_code: outcome.error_code ?? 'VALIDATION_ERROR' }),
    ...(outcome.ok && outcome.repeated ? { repeated: true } : {}),
  };
}

function statusOf(outcome: EffectOutcome<object>): IntentResult['status'] {
  if (!outcome.ok) return 'failed';
  return outcome.dead_lettered === true ? 'dead_lettered' : 'succeeded';
}

/**
 * Returns the announcement of a result. A repeat of another execution's intent has none: that execution announces it.
 */
export function announcementOf(definition: AnyIntentDefinition, result: IntentResult): Announcement[] {
  // The effect of `unknown` may have happened: the sweep announces what the ledger says of it.
  if (result['repeated'] === true || result.status === 'unknown') return [];
  const event = result.success ? definition.announce(result) : operationFailed(result);
  return event === null ? [] : [{ ...event, intent_id: result.intent_id }];
}

/**
 * Asks an effect for its replies to intents that it has executed before. All of them are in the ledger, so no effect
 * happens twice. @returns the replies, in the order of the commands. @throws EffectError
 */
export async function outcomesOfRepeats(
  execute: ReturnType<AnyEffect['create']>,
  commands: readonly Command<unknown>[],
  { scheduledTimestampMs }: Info,
): Promise<EffectOutcome<object>[]> {
  if (commands.length === 0) return [];
  return execute({
    commands,
    correlationId: '',
    scheduledAt: new Date(scheduledTimestampMs).toISOString(),
    pageBytes: 0,
    announce: [],
    locks: 'patient',
    attempt: 1,
    isLast: () => false,
    notAnnounced: () => undefined,
  });
}
