/**
 * This module makes a Temporal activity of an effect. The activity parses its input, times the effect, turns replies
 * into results, and translates failures into what Temporal should do about them.
 */
import type { BatchActivity, BatchOutput } from '../../src/domain/execution/batch.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import type { Store } from '../../src/domain/failures/store.js';
import { type EffectOutcome, isLocked } from '../../src/domain/intents/command.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { attempt } from '../attempts/attempt.js';
import type { FindSource } from './batch-source.js';
import { commandsOf } from './commands.js';
import type { AnyEffect } from '../effects/effect.js';
import type { Ports } from '../ports.js';
import { isFinal } from '../attempts/retries.js';
import type { OutageBudget } from '../attempts/outage-budget.js';
import { refused, resultOf } from './outcomes.js';

/** Instruments are the metrics that the activities write. */
export interface Instruments {
  /** Counts an intent that has ended. `seconds` is the time its batch took. */
  ended(intentType: string, status: IntentResult['status'], seconds: number): void;
  /** Counts lists under an event id that belongs to another list. */
  conflicted(lists: number): void;
}

export interface BoundaryOptions {
  readonly instruments: Instruments;
  readonly budget: OutageBudget;
  readonly findSource: FindSource;
}

export function toActivity(effect: AnyEffect, ports: Ports, options: BoundaryOptions): BatchActivity {
  const { definition } = effect;
  const execute = effect.create(ports);

  return async (input) => {
    const started = performance.now();
    try {
      return await attempt(
        definition.store,
        options.budget,
        async (info, standing) => {
          const source = await options.findSource(input, info);
          const parsed = source.parse(definition);
          const notAnnounced: string[] = [];
          const announce: BatchOutput['announce'][number][] = [];
          const outcomes = await execute({
            commands: commandsOf(parsed, input.correlation_id, info),
            correlationId: input.correlation_id,
            scheduledAt: new Date(info.scheduledTimestampMs).toISOString(),
            pageBytes: input.page_bytes,
            announce: await source.announcements(input.announce ?? []),
            // Temporal waits for the locks of a started list: between attempts it takes no slot of a worker.
            locks: input.locks ?? (standing.attempt === 1 ? 'patient' : 'probe'),
            ...standing,
            notAnnounced: (intentId) => notAnnounced.push(intentId),
          });
          if (input.locks === undefined) assertNoneLocked(outcomes, definition.store);
          const elapsedMs = performance.now() - started;
          const inOrder = outcomes.values();
          const results = parsed.map((item) => {
            // A list planned by an older version may hold intents that today's schema rejects.
            const outcome = item.intent.ok ? inOrder.next().value : refused(item.intent.error);
            if (isLocked(outcome)) return null;
            const reply = outcome ?? refused('the store gave no outcome');
            const result = resultOf(definition.type, item.item.intent_id, reply, elapsedMs);
            options.instruments.ended(definition.type, result.status, elapsedMs / 1_000);
            const reported = source.tell(item, definition, result);
            announce.push(...reported.announce);
            return reported.result;
          });
          return {
            results,
            announce,
            ...(notAnnounced.length > 0 ? { not_announced: notAnnounced } : {}),
          };
        },
        input.failing_since,
      );
    } catch (failure) {
      // An intent whose type has a ledger is resolved afterwards, and is counted there.
      if (isFinal(failure) && definition.ledger === undefined) {
        const elapsed = (performance.now() - started) / 1_000;
        for (const _item of input.items) options.instruments.ended(definition.type, 'failed', elapsed);
      }
      throw failure;
    }
  };
}

/**
 * Fails an attempt of a started list while a row is locked; what it has executed is in the ledger. So the list waits
 * for as long as an outage budget lasts. Its caller gets an answer, also when the lock is never released.
 */
function assertNoneLocked(outcomes: readonly EffectOutcome<object>[], store: Store): void {
  const count = outcomes.filter(isLocked).length;
  if (count === 0) return;
  throw new EffectError(
    'transient',
    `another transaction has locked the rows of ${count} of ${outcomes.length} intents`,
    {
      store,
    },
  );
}
