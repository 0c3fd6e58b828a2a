/** The activity that answers the lists of the intake: their verdicts are stored, then published as INTENT_RESULT (ADR 0009). */
import { type Info, log } from '@temporalio/activity';
import type { Announcement } from '../../src/domain/execution/batch.js';
import { eventIdOf } from '../../src/domain/values/ids.js';
import type { OpenSlice } from '../../src/domain/intake/open-slice.js';
import { makeReport } from '../../src/domain/execution/report.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import type { SliceActivities, VerdictDraft } from '../../src/domain/intake/slice.js';
import { type Verdict, VERDICT_BYTES } from '../../src/domain/intake/list.js';
import { attempt } from '../attempts/attempt.js';
import type { OutageBudget } from '../attempts/outage-budget.js';
import type { Ports } from '../ports.js';
import { standingOf } from '../attempts/retries.js';
import { publishEvent } from '../effects/publish-event.js';
import type { SliceResults } from './slice-results.js';
import { sliceSource } from './slice-source.js';
import type { Slices } from './slices.js';

export function answerLists(
  ports: Ports,
  budget: OutageBudget,
  slices: Slices,
  sliceResults: SliceResults,
): SliceActivities['answerLists'] {
  const publish = publishEvent.create(ports);
  const { store } = publishEvent.definition;
  return (input) =>
    attempt(store, budget, async (info) => {
      const { slice: key, last, verdicts: drafts, repeats, parked, announce = [] } = input;
      const slice = await slices.find(key, info);
      const tell = (announcements: readonly Announcement[], notAnnounced: (id: string) => void) =>
        publish({
          commands: [],
          // Of those that name none, as in a batch.
          correlationId: slice.lists[0]?.correlation_id ?? '',
          scheduledAt: new Date(info.scheduledTimestampMs).toISOString(),
          pageBytes: 0,
          ...standingOf(info, store, budget),
          locks: 'patient',
          announce: announcements,
          notAnnounced,
        });
      const announcements = await sliceSource(slice, sliceResults, info).announcements(announce);
      const told = new Set(announcements.map(({ intent_id }) => intent_id));
      const not_announced: string[] = [];
      if (announcements.length > 0) {
        await tell(announcements, (intentId) => {
          told.delete(intentId);
          not_announced.push(intentId);
        });
      }
      const verdicts = await verdictsOf(drafts, told, slice, sliceResults, info);
      // Before anybody hears of them: what is told later, by whoever, is what is stored.
      const stored = await ports.verdicts.store(verdicts);
      const again = await ports.verdicts.find(repeats);
      await tell(
        [...stored.values(), ...again.values()].map(({ correlation_id, ...verdict }) => ({
          intent_id: verdict.event_id,
          event_type: 'INTENT_RESULT',
          partition_key: null,
          correlation_id,
          payload: { ...verdict },
        })),
        // A dead letter, which is sent again, or one that no topic takes: then the stored verdict is all there is.
        (eventId) => {
          log.warn('a result is not on its topic', {
            causation_id: eventId,
            event_id: eventIdOf(eventId, 'INTENT_RESULT'),
          });
        },
      );
      if (parked === true) {
        await ports.parkedLists.remove([...verdicts.map(({ event_id }) => event_id), ...repeats]);
      }
      budget.succeeded(store);
      if (last) slices.forget(key);
      return not_announced.length > 0 ? { not_announced } : {};
    });
}

/**
 * Drafts with the results that the workflow was not told.
 * @param told ids of intents that have been announced just now.
 * @throws EffectError when a store cannot be asked for them.
 */
async function verdictsOf(
  drafts: readonly VerdictDraft[],
  told: ReadonlySet<string>,
  slice: OpenSlice,
  sliceResults: SliceResults,
  info: Info,
): Promise<Verdict[]> {
  const lists = drafts.map((draft) => ({ draft, list: slice.list(draft.number) }));
  const places = lists.flatMap(({ draft, list }) =>
    draft.results.flatMap((result, index) => (typeof result === 'number' ? [list.at + index] : [])),
  );
  const resultAt = await sliceResults.find(slice, places, info);
  return lists.map(({ draft: { outcome, error, results, announced = [] }, list }) => {
    const published = new Set(announced);
    const complete = results.map((result, index): IntentResult => {
      const known = typeof result === 'number' ? { ...resultAt(list.at + index), execution_time_ms: result } : result;
      const isPublished = published.has(index) || told.has(known.intent_id);
      return known['event_published'] === false && isPublished ? { ...known, event_published: true } : known;
    });
    const { event_id, request_id, correlation_id } = list;
    const head = { request_id, workflow_id: info.workflowExecution?.workflowId ?? '', outcome };
    return {
      event_id,
      correlation_id,
      ...makeReport(head, complete, VERDICT_BYTES),
      ...(error === undefined ? {} : { error }),
    };
  });
}
