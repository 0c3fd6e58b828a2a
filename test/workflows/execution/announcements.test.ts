/**
 * These tests check that what happened is announced, whatever else fails. They run on the real server, with stores that
 * fail on command.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { BatchInput } from '../../../src/domain/execution/batch.js';
import { EffectError } from '../../../src/domain/failures/failure.js';
import type { Report } from '../../../src/domain/execution/report.js';
import type { SliceReport } from '../../../src/domain/intake/slice.js';
import { unannouncedEffects } from '../../../src/domain/execution/search-attributes.js';
import { useMemoryWorker, listOf } from '../../support/memory-worker.js';
import { refusing } from '../../support/memory-ports.js';
import { persistState, publishEvent } from '../../support/intents.js';

const no = () => {
  throw new EffectError('invalid', 'no');
};

describe('announcements', () => {
  const used = useMemoryWorker();

  /** Returns how often each intent is announced. */
  const announced = (): number[] => {
    const counts = new Map<string, number>();
    for (const { event_id } of used.worker.memory.eventsOf('STATE_PERSISTED')) {
      counts.set(event_id, (counts.get(event_id) ?? 0) + 1);
    }
    return [...counts.values()];
  };
  const once = (count: number): number[] => Array.from({ length: count }, () => 1);
  const states = (count: number) => Array.from({ length: count }, () => persistState());
  const verdictOf = ({ event_id }: { event_id: string }) => used.worker.memory.verdicts.get(event_id);
  /** Makes the broker refuse the announcements, and the database refuse their dead letters. */
  function refuseAnnouncements(): void {
    used.worker.memory.refuses = refusing('STATE_PERSISTED', new EffectError('unavailable', 'no broker'));
    used.worker.memory.before.set('deadLetters.add', no);
  }

  it('that travelled with events which failed for good are sent after all', async () => {
    // The check for blocked messages fails only a batch with intents: announcements alone do not wait for the database.
    used.worker.memory.before.set('deadLetters.blocked', no);
    const report = await used.worker.execute<Report>('ExecuteIntentsWorkflow', {
      intents: [...states(2), publishEvent()],
    });
    assert.deepEqual(report.counts, { succeeded: 2, unknown: 1 });
    assert.deepEqual(announced(), once(2));
    // The two announcements travelled with the event at first, then without it.
    assert.deepEqual(
      (used.worker.inputsOf('publishEvents') as BatchInput[]).map(({ items, announce = [] }) => [
        items.length,
        announce.length,
      ]),
      [
        [1, 2],
        [0, 2],
      ],
    );
  });

  it('of a list and of a slice are all sent, each once, also more than an activity takes', async () => {
    const report = await used.worker.execute<Report>('ExecuteIntentsWorkflow', { intents: states(1_100) });
    assert.deepEqual([report.counts, announced()], [{ succeeded: 1_100 }, once(1_100)]);
    used.worker.reset();
    const given = listOf(...states(1_100));
    const { counts } = await used.worker.execute<SliceReport>('ExecuteSliceWorkflow', { lists: [given] });
    assert.deepEqual([counts, announced()], [{ succeeded: 1_100 }, once(1_100)]);
    assert.equal(verdictOf(given)?.outcome, 'completed');
    assert.equal(used.worker.memory.eventsOf('INTENT_RESULT').length, 1);
  });

  it('which cannot be sent keep no list from its verdict, and are left to the sweep', async () => {
    refuseAnnouncements();
    const lists = [listOf(...states(2)), listOf(publishEvent())];
    const execution = await used.worker.start('ExecuteSliceWorkflow', [{ lists }]);
    await execution.result();
    assert.deepEqual(
      lists.map((given) => verdictOf(given)?.outcome),
      ['completed', 'completed'],
    );
    assert.equal(used.worker.memory.eventsOf('INTENT_RESULT').length, 2);
    assert.equal((await execution.describe()).typedSearchAttributes.get(unannouncedEffects), 2);
  });

  it('of a list that cannot be sent are counted in its execution', async () => {
    refuseAnnouncements();
    const execution = await used.worker.start('ExecuteIntentsWorkflow', [{ intents: states(3) }]);
    assert.equal(((await execution.result()) as Report).outcome, 'completed');
    assert.equal((await execution.describe()).typedSearchAttributes.get(unannouncedEffects), 3);
  });

  it('of what a list has done before it waits are sent before it is parked', async () => {
    const done = persistState({}, { priority: 5 });
    const held = persistState();
    used.worker.memory.held.add(held.payload.aggregation_id);
    const given = listOf(done, held);
    const report = await used.worker.execute<SliceReport>('ExecuteSliceWorkflow', { lists: [given] });
    assert.deepEqual([report.parked, verdictOf(given)], [1, undefined]);
    assert.deepEqual(
      used.worker.memory.eventsOf('STATE_PERSISTED').map(({ payload }) => payload['aggregation_id']),
      [done.payload.aggregation_id],
    );
    assert.equal(used.worker.memory.parked.length, 1);
  });

  it('of a failure say so once, of a list and of a slice', async () => {
    used.worker.memory.before.set('bridgeStates.persist', no);
    await used.worker.execute('ExecuteIntentsWorkflow', { intents: states(2) });
    await used.worker.execute('ExecuteSliceWorkflow', { lists: [listOf(...states(1)), listOf(...states(1))] });
    const failures = used.worker.memory.eventsOf('OPERATION_FAILED');
    assert.equal(new Set(failures.map(({ event_id }) => event_id)).size, 4);
    assert.equal(failures.length, 4);
  });

  it('of lists that want none are not sent, beside one that does', async () => {
    const silent = { ...listOf(...states(1)), options: { derivedEvents: 'none' } };
    const told = listOf(...states(1));
    await used.worker.execute('ExecuteSliceWorkflow', { lists: [silent, told] });
    assert.deepEqual(
      used.worker.memory.eventsOf('STATE_PERSISTED').map(({ correlation_id }) => correlation_id),
      [told.event_id],
    );
  });

  it('are under the correlation id of their own list, with the answer and beside events', async () => {
    const lists = ['one', 'two', 'three'].map((correlation_id) => ({
      ...listOf(persistState(), publishEvent()),
      correlation_id,
    }));
    // The only intent of the fourth list is in a higher tier, so its announcement goes with the list's answer.
    lists.push({ ...listOf(persistState({}, { priority: 9 })), correlation_id: 'four' });
    await used.worker.execute('ExecuteSliceWorkflow', { lists });
    const expected = lists.map(({ intents, correlation_id }) => [
      (intents[0] as ReturnType<typeof persistState>).payload.aggregation_id,
      correlation_id,
    ]);
    const sent = used.worker.memory
      .eventsOf('STATE_PERSISTED')
      .map(({ payload, correlation_id }) => [payload['aggregation_id'], correlation_id]);
    assert.deepEqual(sent.map(String).sort(), expected.map(String).sort());
  });

  it('which a list publishes itself are sent once, and after all when its own event was not published', async () => {
    const own = (priority: number, rest: object) => {
      const state = persistState({}, { priority: 5 });
      const { aggregation_id } = state.payload;
      return [state, { ...publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id }, { priority }), ...rest }];
    };
    const lists = [
      listOf(...own(0, {})),
      listOf(...own(0, { intent_id: 'no id' })),
      // An invalid intent stops the list before its event.
      listOf(...own(0, {}), { ...persistState({}, { priority: 3, intent_id: randomUUID() }), payload: {} }),
    ];
    const report = await used.worker.execute<SliceReport>('ExecuteSliceWorkflow', { lists });
    assert.equal(report.counts.succeeded, 3, JSON.stringify(report.counts));
    assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 2, JSON.stringify(report));
  });
});
