/** These tests check which verdicts the senders of lists get while stores fail, or answer in between. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { EffectError } from '../../../src/domain/failures/failure.js';
import type { BatchOutput } from '../../../src/domain/execution/batch.js';
import { eventIdOf } from '../../../src/domain/values/ids.js';
import type { IntentResult } from '../../../src/domain/intents/result.js';
import type { AnswerInput } from '../../../src/domain/intake/slice.js';
import type { SliceList, Verdict } from '../../../src/domain/intake/list.js';
import { memoryActivities, type MemoryActivities } from '../../support/memory-activities.js';
import { refusing } from '../../support/memory-ports.js';
import { persistState, publishEvent } from '../../support/intents.js';

const list = (...intents: unknown[]): SliceList => ({ event_id: randomUUID(), correlation_id: 'of the list', intents });
const state = () => persistState({}, { intent_id: randomUUID() });
const SLICE = 's';

describe('answers of lists', () => {
  let worker: MemoryActivities;
  beforeEach(() => {
    worker = memoryActivities();
  });

  /** Executes intents of the slice on a worker. */
  const persist = (on: MemoryActivities, ...items: number[]) =>
    on.run<BatchOutput>('persistStates', { correlation_id: 'c', slice: SLICE, page_bytes: 1_000, items });
  const answer = (on: MemoryActivities, input: Partial<AnswerInput>) =>
    on.run<Pick<BatchOutput, 'not_announced'>>('answerLists', {
      slice: SLICE,
      last: false,
      verdicts: [],
      repeats: [],
      ...input,
    });
  const verdictOf = (on: MemoryActivities, { event_id }: SliceList) => on.verdicts.get(event_id);
  const stored = (event_id: string, outcome: Verdict['outcome'] = 'failed'): Verdict => ({
    event_id,
    correlation_id: 'of another run',
    request_id: event_id,
    workflow_id: 'other',
    outcome,
    counts: {},
    results: [],
    truncated: false,
  });

  it('are in full also where another worker executed the list', async () => {
    const lists = [list(state()), list(state(), state())];
    worker.cache.put(SLICE, { lists });
    const { results } = await persist(worker, 1, 2);
    assert.ok(results.every((result) => typeof result === 'number'));
    const other = memoryActivities(worker);
    other.cache.put(SLICE, { lists });
    await answer(other, { verdicts: [{ number: 1, outcome: 'completed', results: [7, 8] }] });
    assert.deepEqual(
      verdictOf(other, lists[1]!)?.results.map((result) => [
        result.status,
        result['total_items'],
        result['repeated'],
        result.execution_time_ms,
      ]),
      [
        ['succeeded', 1, undefined, 7],
        ['succeeded', 1, undefined, 8],
      ],
    );
    assert.equal(worker.effects.length, 2, 'asking carries nothing out again');
  });

  it('wait for the store that another worker wrote to, instead of saying that the list failed', async () => {
    const given = list(state());
    worker.cache.put(SLICE, { lists: [given] });
    await persist(worker, 0);
    const other = memoryActivities(worker);
    other.cache.put(SLICE, { lists: [given] });
    other.before.set('bridgeStates.persist', () => {
      throw new EffectError('unavailable', 'away');
    });
    const input: Partial<AnswerInput> = { verdicts: [{ number: 0, outcome: 'completed', results: [7] }] };
    await assert.rejects(answer(other, input), { type: 'unavailable', nonRetryable: false });
    assert.deepEqual([verdictOf(other, given), other.sent], [undefined, []]);
    other.before.clear();
    await answer(other, input);
    assert.equal(verdictOf(other, given)?.results[0]?.status, 'succeeded');
  });

  it('are of each list its own results, of several lists in one slice', async () => {
    const lists = [list(state()), list(state(), state()), list(state())];
    worker.cache.put(SLICE, { lists });
    await persist(worker, 0, 1, 2, 3);
    await answer(worker, {
      verdicts: [
        { number: 1, outcome: 'completed', results: [1, 2] },
        { number: 2, outcome: 'completed', results: [3] },
      ],
    });
    const idsOf = (given: SliceList | undefined) =>
      given?.intents.map((intent) => (intent as { intent_id: string }).intent_id);
    for (const given of lists.slice(1)) {
      assert.deepEqual(
        verdictOf(worker, given)?.results.map(({ intent_id }) => intent_id),
        idsOf(given),
      );
    }
    assert.equal(verdictOf(worker, lists[0]!), undefined);
  });

  it('say the verdict that is stored, where a run of the same list was faster', async () => {
    const given = list(state());
    worker.cache.put(SLICE, { lists: [given] });
    await persist(worker, 0);
    worker.verdicts.set(given.event_id, stored(given.event_id));
    await answer(worker, { verdicts: [{ number: 0, outcome: 'completed', results: [7] }] });
    const told = worker.eventsOf('INTENT_RESULT').map(({ payload }) => payload['outcome']);
    assert.deepEqual([told, verdictOf(worker, given)?.outcome], [['failed'], 'failed']);
  });

  it('tell again the verdict of a list that was answered before, under its event id and correlation id', async () => {
    const [repeated, given] = [list(state()), list(state())];
    worker.cache.put(SLICE, { lists: [repeated, given] });
    worker.verdicts.set(repeated.event_id, stored(repeated.event_id, 'partial'));
    await persist(worker, 1);
    await answer(worker, {
      verdicts: [{ number: 1, outcome: 'completed', results: [7] }],
      repeats: [repeated.event_id],
    });
    assert.deepEqual(
      worker
        .eventsOf('INTENT_RESULT')
        .map(({ event_id, correlation_id, payload }) => [event_id, correlation_id, payload['outcome']]),
      [
        [eventIdOf(given.event_id, 'INTENT_RESULT'), 'of the list', 'completed'],
        [eventIdOf(repeated.event_id, 'INTENT_RESULT'), 'of another run', 'partial'],
      ],
    );
  });

  it('are stored before anybody hears of them', async () => {
    const given = list(state());
    worker.cache.put(SLICE, { lists: [given] });
    await persist(worker, 0);
    worker.before.set('verdicts.store', () => {
      throw new EffectError('unavailable', 'away');
    });
    const input: Partial<AnswerInput> = { verdicts: [{ number: 0, outcome: 'completed', results: [7] }] };
    await assert.rejects(answer(worker, input), { type: 'unavailable' });
    assert.deepEqual(worker.eventsOf('INTENT_RESULT'), []);
  });

  for (const before of [false, true]) {
    it(`take a list that is answered ${before ? 'before' : 'now'} from the parked ones, and no other`, async () => {
      const [given, waiting] = [list(state()), list(state())];
      worker.cache.put(SLICE, { lists: [given, waiting], parked: true });
      worker.parked.push(...[given, waiting].map((one) => ({ partition: 'at', list: one, keys: ['k'] })));
      if (before) worker.verdicts.set(given.event_id, stored(given.event_id));
      else await persist(worker, 0);
      await answer(worker, {
        parked: true,
        ...(before ? { repeats: [given.event_id] } : { verdicts: [{ number: 0, outcome: 'completed', results: [7] }] }),
      });
      assert.deepEqual(
        worker.parked.map(({ list: { event_id } }) => event_id),
        [waiting.event_id],
      );
    });
  }

  it('leave a list parked until its answer is out', async () => {
    const given = list(state());
    worker.cache.put(SLICE, { lists: [given], parked: true });
    worker.parked.push({ partition: 'at', list: given, keys: ['k'] });
    await persist(worker, 0);
    worker.before.set('deadLetters.blocked', () => {
      throw new EffectError('unavailable', 'away');
    });
    worker.refuses = refusing('INTENT_RESULT', new EffectError('unavailable', 'no broker'));
    worker.before.set('deadLetters.add', () => {
      throw new EffectError('unavailable', 'away');
    });
    await assert.rejects(
      answer(worker, { parked: true, verdicts: [{ number: 0, outcome: 'completed', results: [7] }] }),
    );
    assert.equal(worker.parked.length, 1);
  });

  it('wait for no broker again that a batch of their slice has waited for', async () => {
    const on = memoryActivities(undefined, new OutageBudget(15 * 60_000, () => 1_000_000));
    Object.assign(on.ports.deadLetters, { afterAttempts: Infinity });
    on.refuses = refusing('INTENT_RESULT', new EffectError('unavailable', 'no broker'));
    on.cache.put(SLICE, { lists: [list()] });
    const input: Partial<AnswerInput> = { verdicts: [{ number: 0, outcome: 'completed', results: [] }] };
    await assert.rejects(answer(on, input), { type: 'unavailable', nonRetryable: false });
    await assert.rejects(answer(on, { ...input, failing_since: { KAFKA_ERROR: 100_000 } }), { nonRetryable: true });
  });

  describe('about announcements', () => {
    const drafts = [{ number: 0, outcome: 'completed', results: [7] }] as const;

    it('say that an event is published which goes out with the answer', async () => {
      const given = list(state());
      worker.cache.put(SLICE, { lists: [given] });
      await persist(worker, 0);
      assert.deepEqual(await answer(worker, { verdicts: drafts, announce: [0] }), {});
      const [event] = worker.eventsOf('STATE_PERSISTED');
      assert.equal(event?.correlation_id, 'of the list');
    });

    for (const refused of [false, true]) {
      it(`say ${refused ? 'that an event is not published which became a dead letter' : 'that one is published which was sent'}`, async () => {
        const given = list(state(), publishEvent());
        worker.cache.put(SLICE, { lists: [given] });
        if (refused) worker.refuses = refusing('STATE_PERSISTED', new EffectError('transient', 'no leader'));
        await persist(worker, 0);
        const [{ intent_id }] = given.intents as [{ intent_id: string }];
        const result: IntentResult = {
          intent_id,
          intent_type: 'PersistState',
          status: 'succeeded',
          success: true,
          error: null,
          execution_time_ms: 1,
          timestamp: '2026-01-01T00:00:00Z',
          event_published: false,
        };
        const said = await answer(worker, {
          verdicts: [{ number: 0, outcome: 'completed', results: [result] }],
          announce: [0],
        });
        assert.deepEqual(said, refused ? { not_announced: [intent_id] } : {});
        assert.equal(verdictOf(worker, given)?.results[0]?.['event_published'], !refused);
        assert.equal(worker.letters.length, refused ? 1 : 0);
      });
    }
  });
});
