/**
 * These tests run rounds of `ExecuteParkedListsWorkflow`, and slices with lists that wait. The server is real, and rows
 * are locked in memory.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { ParkedPage } from '../../../src/domain/intake/ports.js';
import { PARKED_WAKE, type ParkedReport, type SliceReport } from '../../../src/domain/intake/slice.js';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { useGate, gatedIntent } from '../../support/gate.js';
import { useMemoryWorker, listOf } from '../../support/memory-worker.js';
import { persistState, publishEvent } from '../../support/intents.js';

describe('rounds of parked lists', () => {
  const gate = useGate();
  const used = useMemoryWorker([gate.effect]);

  const newPartition = () => `intake/${randomUUID()}/0`;
  const park = (partition: string, ...lists: SliceList[]): void => {
    used.worker.memory.parked.push(...lists.map((list) => ({ partition, list, keys: [] })));
  };
  const startRounds = (partition: string) =>
    used.worker.start('ExecuteParkedListsWorkflow', [partition], `${partition}/parked`);
  const outcomeOf = ({ event_id }: SliceList) => used.worker.memory.verdicts.get(event_id)?.outcome;
  /** Returns a list whose row is locked, and how to free it. */
  const heldList = () => {
    const state = persistState();
    used.worker.memory.held.add(state.payload.aggregation_id);
    return { list: listOf(state), free: () => used.worker.memory.held.delete(state.payload.aggregation_id) };
  };
  /** Calls `step` whenever the parked lists are taken: with 1 at the first time, then 2, and so on. */
  function onTaking(step: (taking: number, partition: string) => unknown): void {
    let takings = 0;
    used.worker.instead.set('takeParked', async (input: { partition: string }, real) => {
      takings += 1;
      return (await step(takings, input.partition)) ?? real(input as never);
    });
  }

  /**
   * Makes PostgreSQL unavailable the first time it is asked. The retry policy allows for longer, but each time takes
   * the server a second.
   */
  const away = (time: number): void => {
    if (time === 1) throw ApplicationFailure.create({ message: 'away', nextRetryDelay: '1 ms' });
  };

  it('find a list that was parked while they looked for the last time', async () => {
    const partition = newPartition();
    const given = listOf(persistState());
    const nothing: ParkedPage = { lists: [], parked: 0, next: null };
    onTaking(async (taking) => {
      if (taking > 1) return undefined;
      park(partition, given);
      await (await starting).signal(PARKED_WAKE);
      return nothing;
    });
    const starting = startRounds(partition);
    const rounds = await starting;
    assert.deepEqual(await rounds.result(), { answered: 1 } satisfies ParkedReport);
    assert.equal(outcomeOf(given), 'completed');
  });

  it('pause when they answer nothing, longer each time, and briefly again after an answer', async () => {
    const partition = newPartition();
    const [first, second] = [heldList(), heldList()];
    park(partition, first.list, second.list);
    onTaking((taking) => {
      if (taking === 3) first.free();
      if (taking === 5) second.free();
    });
    const rounds = await startRounds(partition);
    assert.deepEqual(await rounds.result(), { answered: 2 });
    assert.deepEqual(await used.worker.timersOf(rounds), [1, 2, 1]);
    assert.deepEqual([outcomeOf(first.list), outcomeOf(second.list)], ['completed', 'completed']);
    assert.equal(used.worker.memory.effects.length, 2);
    assert.equal(used.worker.memory.eventsOf('INTENT_RESULT').length, 2);
    assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 2);
  });

  it('take one page after the other, and go on in another run without leaving any out', async () => {
    const partition = newPartition();
    for (const padding of ['', 'x'.repeat(1_500_000)]) {
      used.worker.reset();
      const lists = Array.from({ length: 5 }, () => listOf(persistState()));
      park(partition, ...lists);
      const afters: unknown[] = [];
      used.worker.instead.set('takeParked', ({ after }: { after: number }) => {
        afters.push(after);
        const left = used.worker.memory.parked.length;
        if (afters.length > 6) throw ApplicationFailure.nonRetryable(`pages after ${afters.join()}`);
        // Each list is a page of its own. A round that finds nothing follows the last one.
        const list = left === 0 ? undefined : lists[after];
        return {
          lists: list === undefined ? [] : [list],
          parked: left,
          next: list === undefined || after === 4 ? null : after + 1,
          padding: list === undefined ? '' : padding,
        };
      });
      const rounds = await startRounds(partition);
      assert.deepEqual(await rounds.result(), { answered: 5 });
      assert.deepEqual(afters, [0, 1, 2, 3, 4, 0]);
      assert.deepEqual(
        lists.map(outcomeOf),
        Array.from(lists, () => 'completed'),
      );
    }
  });

  it('count nothing of a slice that could not answer, pause, and try it again', async () => {
    const partition = newPartition();
    // The list announces nothing, because answers that fail with announcements are sent once more without them.
    const given = { ...listOf(persistState()), options: { derivedEvents: 'none' } };
    park(partition, given);
    let answers = 0;
    used.worker.instead.set('answerLists', (input, real) => {
      answers += 1;
      if (answers === 1) throw ApplicationFailure.nonRetryable('no');
      return real(input);
    });
    const rounds = await startRounds(partition);
    assert.deepEqual(await rounds.result(), { answered: 1 });
    assert.deepEqual(await used.worker.timersOf(rounds), [1]);
    assert.equal(used.worker.memory.effects.length, 1);
  });

  it('wait for a store that is unavailable, for as long as that takes', async () => {
    const partition = newPartition();
    const given = listOf(persistState());
    park(partition, given);
    onTaking(away);
    const rounds = await startRounds(partition);
    assert.deepEqual(await rounds.result(), { answered: 1 });
    assert.equal(outcomeOf(given), 'completed');
    assert.deepEqual(await used.worker.attemptsOf(rounds, 'takeParked'), [0, 0]);
  });

  it('which are cancelled answer the lists they are at as cancelled', async () => {
    const partition = newPartition();
    const given = listOf(gatedIntent(1), persistState({}, { priority: 0 }));
    const held = gate.close();
    park(partition, given);
    const rounds = await startRounds(partition);
    await held;
    await used.worker.cancel(rounds, `${rounds.workflowId}/slice`);
    gate.open();
    await assert.rejects(rounds.result());
    assert.equal(outcomeOf(given), 'cancelled');
    assert.deepEqual(used.worker.memory.parked, []);
  });

  describe('from a slice', () => {
    const event = (partition_key: string, batch_size: number) =>
      publishEvent({ event_type: 'BATCH_PROCESSED', partition_key, batch_size }, { priority: 0 });
    const run = (lists: readonly SliceList[], partition = newPartition()) =>
      used.worker
        .start('ExecuteSliceWorkflow', [{ lists }], partition)
        .then(async (execution) => (await execution.result()) as SliceReport);
    const sizes = () => used.worker.memory.eventsOf('BATCH_PROCESSED').map(({ payload }) => payload['batch_size']);

    it('a list waits behind one that waits, and one behind that by a key of its own, in it and in the next', async () => {
      const state = persistState();
      used.worker.memory.held.add(state.payload.aggregation_id);
      const lists = [
        listOf(state, event('b', 1)),
        listOf(event('free', 7)),
        listOf(event('b', 2), event('c', 1)),
        listOf(event('c', 2)),
      ];
      const partition = newPartition();
      assert.equal((await run(lists, partition)).parked, 3);
      assert.deepEqual(sizes(), [7]);
      const next = [listOf(event('c', 3), event('d', 1)), listOf(event('d', 2)), listOf(event('free', 8))];
      assert.equal((await run(next, partition)).parked, 2);
      assert.deepEqual(sizes(), [7, 8]);
      // The lists are parked in their order, because they are tried again in it.
      assert.deepEqual(
        used.worker.memory.parked.map(({ list }) => list.event_id),
        [lists[0], lists[2], lists[3], next[0], next[1]].map((given) => given?.event_id),
      );

      used.worker.memory.held.clear();
      await (await startRounds(partition)).result();
      assert.deepEqual(sizes(), [7, 8, 1, 2, 1, 2, 3, 1, 2]);
      assert.equal(used.worker.memory.parked.length, 0);
    });

    it('a list before one that waits, and one that has had its turn, are answered', async () => {
      const state = persistState();
      used.worker.memory.held.add(state.payload.aggregation_id);
      const lists = [
        listOf(event('k', 1)),
        listOf(event('k', 2), { ...state, priority: -5 }),
        listOf(event('k', 3), event('m', 1)),
        // The list before this one has had its turn, so nobody waits for its keys.
        listOf({ ...event('m', 2), priority: -6 }),
      ];
      const report = await run(lists);
      assert.deepEqual([report.parked, lists.map(outcomeOf)], [1, ['completed', undefined, 'completed', 'completed']]);
    });

    it('a list that waits is parked, however long the store is unavailable', async () => {
      const state = persistState();
      used.worker.memory.held.add(state.payload.aggregation_id);
      let times = 0;
      used.worker.instead.set('parkLists', (input, real) => {
        away((times += 1));
        return real(input);
      });
      const given = listOf(state);
      const partition = newPartition();
      const slice = await used.worker.start('ExecuteSliceWorkflow', [{ lists: [given] }], partition);
      assert.equal(((await slice.result()) as SliceReport).parked, 1);
      assert.deepEqual(
        used.worker.memory.parked.map(({ list }) => list.event_id),
        [given.event_id],
      );
      assert.deepEqual(await used.worker.attemptsOf(slice, 'parkLists'), [0]);
    });

    it('that is parked as a whole tells what was done of it when it is answered', async () => {
      const state = persistState();
      const done = persistState({}, { priority: 5 });
      used.worker.memory.held.add(state.payload.aggregation_id);
      const given = listOf(done, state);
      const partition = newPartition();
      await run([given], partition);
      used.worker.memory.held.clear();
      await (await startRounds(partition)).result();
      const verdict = used.worker.memory.verdicts.get(given.event_id);
      assert.deepEqual(
        verdict?.results.map(({ status, repeated }) => [status, repeated]),
        [
          ['succeeded', true],
          ['succeeded', undefined],
        ],
      );
      assert.equal(used.worker.memory.effects.length, 2);
      assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 2);
    });
  });
});
