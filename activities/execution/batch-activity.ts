/**
 * Where Temporal meets an effect: parses what arrived, times the effect, turns outcomes into results, and translates
 * failures into what Temporal should do about them.
 */
import type { Announcement, BatchActivity } from '../../src/domain/execution/batch.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { attempt } from '../attempts/attempt.js';
import { commandsOf, parseItems } from './commands.js';
import type { AnyEffect, Ports } from '../effects/effect.js';
import { isFinal, type OutageBudget, standingOf } from '../attempts/retries.js';
import { announcementOf, refused, resultOf } from './outcomes.js';
import type { SliceIntents } from '../intake/slice-intents.js';
import type { SliceResults } from '../intake/slice-source.js';

/** What the activities tell the metrics. */
export interface Instruments {
  /** One intent settled. `seconds` is the time its batch took. */
  settled(intentType: string, status: IntentResult['status'], seconds: number): void;
}

export interface BoundaryOptions {
  readonly instruments: Instruments;
  readonly budget: OutageBudget;
  readonly slices: SliceIntents;
  readonly sliceResults: SliceResults;
}

export function toActivity(effect: AnyEffect, ports: Ports, options: BoundaryOptions): BatchActivity {
  const { definition } = effect;
  const carry = effect.create(ports);

  return async (input) => {
    const started = performance.now();
    try {
      return await attempt(definition.errorCode, options.budget, async (info) => {
        const slice = input.slice === undefined ? undefined : await options.slices.find(input.slice, info);
        const parsed = parseItems(definition, input.items, slice);
        const notAnnounced: string[] = [];
        const announce: (Announcement | number)[] = [];
        const outcomes = await carry({
          commands: commandsOf(parsed, input.correlation_id, info),
          correlationId: input.correlation_id,
          scheduledAt: new Date(info.scheduledTimestampMs).toISOString(),
          pageBytes: input.page_bytes,
          announce: await options.sliceResults.announcements(input.announce ?? [], slice, info),
          locks: input.locks ?? 'patient',
          ...standingOf(info, definition.errorCode, options.budget),
          notAnnounced: (intentId) => notAnnounced.push(intentId),
        });
        options.budget.succeeded(definition.errorCode);
        const elapsedMs = performance.now() - started;
        const inOrder = outcomes.values();
        const results = parsed.map(({ item, intent, at }) => {
          // A list planned by an older version may hold what today's schema refuses.
          const outcome = intent.ok ? inOrder.next().value : refused(intent.error);
          if (outcome?.ok === false && outcome.busy === true) return null;
          const settled = outcome ?? refused('the store gave no outcome');
          const result = resultOf(definition.type, item.intent_id, settled, elapsedMs);
          options.instruments.settled(definition.type, result.status, elapsedMs / 1_000);
          const kept =
            slice !== undefined && at !== undefined && options.sliceResults.keep(slice, at, definition, result);
          announce.push(
            ...announcementOf(definition, result).map((event) => (kept && !slice.publishesItself(at) ? at : event)),
          );
          return kept ? result.execution_time_ms : result;
        });
        return {
          results,
          announce,
          ...(notAnnounced.length > 0 ? { not_announced: notAnnounced } : {}),
        };
      });
    } catch (failure) {
      // What is settled afterwards is counted there.
      if (isFinal(failure) && definition.ledger === undefined) {
        const elapsed = (performance.now() - started) / 1_000;
        for (const _item of input.items) options.instruments.settled(definition.type, 'failed', elapsed);
      }
      throw failure;
    }
  };
}
