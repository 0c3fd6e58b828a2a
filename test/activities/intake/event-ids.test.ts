/** These tests check under which ids lists are answered, and what is answered under an id that another list has. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { BatchOutput } from '../../../src/domain/execution/batch.js';
import type { SliceList, Verdict } from '../../../src/domain/intake/list.js';
import { OpenSlice } from '../../../src/domain/intake/open-slice.js';
import type { AnswerInput } from '../../../src/domain/intake/slice.js';
import { conflictText } from '../../../src/domain/intake/used-ids.js';
import { conflictId, eventIdOf, listHash } from '../../../src/domain/values/ids.js';
import { definitions } from '../../support/definitions.js';
import { persistState } from '../../support/intents.js';
import { EXECUTION, memoryActivities, type MemoryActivities } from '../../support/memory-activities.js';

const SLICE = 's';
const list = (rest: Partial<SliceList> = {}): SliceList => ({
  event_id: randomUUID(),
  correlation_id: null,
  intents: [persistState({}, { intent_id: randomUUID() })],
  ...rest,
});

describe('the event ids of lists', () => {
  let worker: MemoryActivities;
  beforeEach(() => {
    worker = memoryActivities();
  });

  const persist = (...items: number[]) =>
    worker.run<BatchOutput>('persistStates', { correlation_id: 'c', slice: SLICE, page_bytes: 1_000, items });
  const answer = (input: Partial<AnswerInput>) =>
    worker.run('answerLists', { slice: SLICE, last: false, verdicts: [], repeats: [], ...input });
  const verdictOf = (given: SliceList): Verdict => ({
    event_id: given.event_id,
    correlation_id: given.correlation_id ?? given.event_id,
    request_id: given.event_id,
    workflow_id: 'other',
    outcome: 'failed',
    counts: {},
    results: [],
    truncated: false,
  });
  const inCapitals = (given: SliceList): SliceList => ({ ...given, written_event_id: given.event_id.toUpperCase() });

  it('are answered as each message writes them, and stored under one spelling', async () => {
    const [now, before] = [list(), list()];
    worker.cache.put(SLICE, { lists: [inCapitals(now), now, inCapitals(before), inCapitals(before)] });
    worker.verdicts.set(before.event_id, verdictOf(before));
    await persist(0);
    await answer({ verdicts: [{ number: 0, outcome: 'completed', results: [7] }], repeats: [before.event_id] });
    assert.deepEqual(
      worker
        .eventsOf('INTENT_RESULT')
        .map(({ causation_id, correlation_id, payload }) => [causation_id, correlation_id, payload['event_id']]),
      [now.event_id.toUpperCase(), now.event_id, before.event_id.toUpperCase()].map((id) => [id, id, id]),
    );
    assert.deepEqual([...worker.verdicts.keys()], [before.event_id, now.event_id]);
    assert.equal(worker.verdicts.get(now.event_id)?.event_id, now.event_id);
  });

  const results = () =>
    worker.eventsOf('INTENT_RESULT').map(({ event_id, causation_id, correlation_id, payload }) => ({
      event_id,
      causation_id,
      correlation_id,
      outcome: payload['outcome'],
      error: payload['error'],
      conflict: payload['conflict'],
      results: (payload['results'] as readonly unknown[]).length,
    }));
  const conflictOf = (given: SliceList, error: string | undefined) => ({
    event_id: eventIdOf(conflictId(given.event_id, listHash(given.intents)), 'INTENT_RESULT'),
    causation_id: given.written_event_id ?? given.event_id,
    correlation_id: given.correlation_id,
    outcome: 'failed',
    error,
    conflict: { list_hash: listHash(given.intents), partition: EXECUTION.workflow_id, offset: given.offset },
    results: 0,
  });

  it('that belong to another list are answered with the reason, under an event of their own, and not stored', async () => {
    const first = list();
    const second = { ...list({ correlation_id: 'second', offset: '7' }), event_id: first.event_id };
    worker.cache.put(SLICE, { lists: [first, inCapitals(second)] });
    await answer({ conflicts: [{ number: 1, error: 'another list' }] });
    assert.deepEqual(results(), [conflictOf(inCapitals(second), 'another list')]);
    assert.equal(worker.verdicts.size, 0);
    assert.equal(worker.conflicts, 1);
    await persist(0);
    await answer({ verdicts: [{ number: 0, outcome: 'completed', results: [7] }] });
    assert.deepEqual(
      results()
        .slice(1)
        .map(({ event_id, outcome, conflict }) => [event_id, outcome, conflict]),
      [[eventIdOf(first.event_id, 'INTENT_RESULT'), 'completed', undefined]],
    );
    assert.equal(worker.hashes.get(first.event_id), listHash(first.intents));
    assert.equal(worker.conflicts, 1);
  });

  it('that a worker of before took for a repeat are answered with the reason too', async () => {
    const given = list({ correlation_id: 'second', offset: '8' });
    worker.cache.put(SLICE, { lists: [given] });
    worker.verdicts.set(given.event_id, verdictOf(given));
    worker.hashes.set(given.event_id, '0123456789abcdef');
    await answer({ repeats: [given.event_id] });
    const { lists } = new OpenSlice({ lists: [given] }, definitions);
    const error = conflictText(lists[0]!, '0123456789abcdef', listHash(given.intents));
    assert.deepEqual(results(), [conflictOf(given, error)]);
  });

  it('that another partition answered for another list meanwhile are answered by what this one did', async () => {
    const given = list({ correlation_id: 'second' });
    worker.cache.put(SLICE, { lists: [given] });
    await persist(0);
    const first = verdictOf(given);
    worker.verdicts.set(given.event_id, first);
    worker.hashes.set(given.event_id, 'of another list');
    await answer({ verdicts: [{ number: 0, outcome: 'completed', results: [7] }] });
    const conflict = { list_hash: listHash(given.intents), partition: EXECUTION.workflow_id };
    assert.deepEqual(results(), [{ ...conflictOf(given, undefined), conflict, outcome: 'completed', results: 1 }]);
    assert.equal(worker.verdicts.get(given.event_id), first);
  });

  it('that belong to another list leave the parked ones with their answer', async () => {
    const [given, waiting] = [list(), list()];
    worker.cache.put(SLICE, { lists: [given, waiting], parked: true });
    worker.parked.push(...[given, waiting].map((one) => ({ partition: 'at', list: one, keys: ['k'] })));
    await answer({ parked: true, conflicts: [{ number: 0, error: 'another list' }] });
    assert.deepEqual(
      worker.parked.map(({ list: { event_id } }) => event_id),
      [waiting.event_id],
    );
  });

  it('are parked with the list that has them, and no other of the slice', async () => {
    const first = list();
    const [repeat, other] = [{ ...first }, { ...list(), event_id: first.event_id }];
    for (const input of [{ numbers: [1] }, {}]) {
      worker = memoryActivities();
      // Workflows of before name the event ids alone, which the first list has.
      worker.cache.put(SLICE, { lists: 'numbers' in input ? [other, first, repeat] : [first, other, repeat] });
      await worker.run('parkLists', { slice: SLICE, event_ids: [first.event_id], ...input });
      assert.deepEqual(
        worker.parked.map(({ list: given, list_hash }) => [given, list_hash]),
        [[first, listHash(first.intents)]],
      );
    }
  });
});
