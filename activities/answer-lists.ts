/** The activity that answers the lists of the intake: their verdicts are stored, then published as INTENT_RESULT (ADR 0009). */
import { log } from '@temporalio/activity';
import { eventIdOf } from '../src/intents/ids.js';
import type { SliceActivities } from '../src/intents/slice.js';
import { attempt } from './attempt.js';
import type { Ports } from './effect.js';
import type { OutageBudget } from './failures.js';
import { publishEvent } from './publish-event.js';
import type { SliceIntents } from './slice-intents.js';
import { failuresOf, spentBefore } from './spent-attempts.js';

export function answerLists(ports: Ports, budget: OutageBudget, slices: SliceIntents): SliceActivities['answerLists'] {
  const publish = publishEvent.create(ports);
  const { errorCode } = publishEvent.definition;
  return ({ slice, last, verdicts, repeats, parked }) =>
    attempt(errorCode, budget, async (info) => {
      // Before anybody hears of them: what is told later, by whoever, is what is stored.
      const stored = await ports.verdicts.store(verdicts);
      const again = await ports.verdicts.find(repeats);
      await publish({
        commands: [],
        correlationId: '',
        scheduledAt: new Date(info.scheduledTimestampMs).toISOString(),
        pageBytes: 0,
        attempt: 1 + failuresOf(spentBefore(info), errorCode),
        locks: 'patient',
        announce: [...stored.values(), ...again.values()].map(({ correlation_id, ...verdict }) => ({
          intent_id: verdict.event_id,
          event_type: 'INTENT_RESULT',
          partition_key: null,
          correlation_id,
          payload: { ...verdict },
        })),
        // A dead letter, which is sent again, or one that no topic takes: then the stored verdict is all there is.
        notAnnounced: (eventId) => {
          log.warn('a result is not on its topic', {
            causation_id: eventId,
            event_id: eventIdOf(eventId, 'INTENT_RESULT'),
          });
        },
      });
      if (parked === true) {
        await ports.parkedLists.remove([...verdicts.map(({ event_id }) => event_id), ...repeats]);
      }
      if (last) slices.forget(slice);
    });
}
