/**
 * This activity answers the lists of the intake: it stores their verdicts, then publishes them as INTENT_RESULT (ADR
 * 0009).
 */
import { type Info, log } from '@temporalio/activity';
import { expandResult, isKept } from '../../src/domain/execution/compact-form.js';
import type { OpenSlice } from '../../src/domain/intake/open-slice.js';
import { makeReport } from '../../src/domain/execution/report.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import type { SliceActivities, VerdictDraft } from '../../src/domain/intake/slice.js';
import { type Verdict, VERDICT_BYTES } from '../../src/domain/intake/list.js';
import { attempt } from '../attempts/attempt.js';
import type { BoundaryOptions } from '../execution/batch-activity.js';
import type { Ports } from '../ports.js';
import { publishEvent } from '../effects/publish-event.js';
import { answerOfConflict, answersOf, conflictsOf, type MadeVerdict } from './answers.js';
import { announceNow, sliceEvents } from './slice-events.js';
import type { SliceResults } from './slice-results.js';
import type { Slices } from './slices.js';

export function answerLists(
  ports: Ports,
  { budget, instruments }: Pick<BoundaryOptions, 'budget' | 'instruments'>,
  slices: Slices,
  sliceResults: SliceResults,
): SliceActivities['answerLists'] {
  const events = sliceEvents(ports);
  const { store } = publishEvent.definition;
  return (input) =>
    attempt(
      store,
      budget,
      async (info, standing) => {
        const { slice: key, last, verdicts: drafts, repeats, conflicts = [], parked, announce = [] } = input;
        const slice = await slices.find(key, info);
        const tell = events(slice, info, standing);
        const { announcedNow, not_announced } = await announceNow(tell, announce, slice, sliceResults, info);
        const verdicts = await verdictsOf(drafts, announcedNow, slice, sliceResults, info);
        // The verdicts are stored before they are published: whoever publishes them later publishes the stored ones.
        const stored = await ports.verdicts.store(verdicts);
        const again = await ports.verdicts.find(repeats);
        const conflicting = conflictsOf({ conflicts, verdicts, stored, again }, slice);
        const results = [
          ...[...stored.values(), ...again.values()].flatMap((one) => answersOf(one, slice)),
          ...[...conflicting].map(([list, known]) => answerOfConflict(list, known, slice, info)),
        ];
        await tell(
          results,
          // The event is a dead letter, which is sent again, or no topic takes it; then the stored verdict is all there
          // is.
          (eventId) => {
            log.warn('a result is not on its topic', {
              causation_id: eventId,
              event_id: results.find(({ intent_id }) => intent_id === eventId)?.event_id,
            });
          },
        );
        instruments.conflicted(conflicting.size);
        if (parked === true) {
          const answered = [...verdicts, ...conflicts].map(({ number }) => slice.list(number).event_id);
          await ports.parkedLists.remove([...answered, ...repeats]);
        }
        if (last) slices.forget(key);
        return not_announced.length > 0 ? { not_announced } : {};
      },
      input.failing_since,
    );
}

/**
 * Makes the verdicts of drafts, and puts the kept results in.
 * @param announcedNow ids of intents that have been announced just now.
 * @throws EffectError when a store cannot be asked for a kept result.
 */
export async function verdictsOf(
  drafts: readonly VerdictDraft[],
  announcedNow: ReadonlySet<string>,
  slice: OpenSlice,
  sliceResults: SliceResults,
  info: Info,
): Promise<MadeVerdict[]> {
  const lists = drafts.map(({ results, ...draft }) => ({
    ...draft,
    results: results.map(expandResult),
    list: slice.list(draft.number),
  }));
  const kept = lists.flatMap(({ results, list }) =>
    results.flatMap((result, index) => (isKept(result) ? [list.at + index] : [])),
  );
  const resultAt = await sliceResults.find(slice, kept, info);
  return lists.map(({ number, outcome, error, results, announced = [], rerun, list }) => {
    const published = new Set(announced);
    const complete = results.map((result, index): IntentResult => {
      const known = isKept(result) ? { ...resultAt(list.at + index), execution_time_ms: result.keptMs } : result;
      const isPublished = published.has(index) || announcedNow.has(known.intent_id);
      return known['event_published'] === false && isPublished ? { ...known, event_published: true } : known;
    });
    const { event_id, request_id, correlation_id, emitted_at } = list;
    const head = { request_id, workflow_id: info.workflowExecution?.workflowId ?? '', outcome };
    const report = makeReport(head, complete, VERDICT_BYTES);
    const verdict: Verdict = {
      event_id,
      correlation_id,
      ...report,
      ...(error === undefined ? {} : { error }),
      ...(rerun === true && emitted_at !== undefined ? { rerun_at: emitted_at } : {}),
    };
    return { number, open: list, list: list.given, list_hash: slice.hashOf(list), verdict };
  });
}
