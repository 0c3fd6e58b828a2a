/**
 * These tests cancel slices on the real server. Each list is answered with what happened, and the rest of it as
 * skipped.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Report } from '../../../src/domain/execution/report.js';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { until } from '../../../src/flow-control/until.js';
import { cancelHeld, useGate, gatedIntent } from '../../support/gate.js';
import { persistState } from '../../support/intents.js';
import { useMemoryWorker, listOf } from '../../support/memory-worker.js';

describe('cancelled slices', () => {
  const gate = useGate();
  const used = useMemoryWorker([gate.effect]);

  const verdictOf = ({ event_id }: SliceList) => used.worker.memory.verdicts.get(event_id);
  const statusesOf = ({ results }: Pick<Report, 'results'>) => results.map(({ status }) => status);

  it('say of each list of a slice how far it had come', async () => {
    const held = gate.close();
    const lists = [
      listOf(persistState({}, { priority: 5 }), gatedIntent(1), persistState({}, { priority: 0 })),
      listOf(persistState({}, { priority: 5 })),
      listOf(persistState({}, { priority: 0 })),
      listOf(gatedIntent(1)),
      { ...listOf(persistState()), options: { failFastPriority: 'high' } },
    ];
    await cancelHeld(used.worker, gate, held, await used.worker.start('ExecuteSliceWorkflow', [{ lists }]));
    assert.deepEqual(
      lists.map((given) => [verdictOf(given)?.outcome, statusesOf(verdictOf(given) ?? { results: [] })]),
      [
        ['cancelled', ['succeeded', 'succeeded', 'skipped']],
        ['completed', ['succeeded']],
        ['cancelled', ['skipped']],
        ['cancelled', ['skipped']],
        ['failed', []],
      ],
    );
    assert.equal(used.worker.memory.eventsOf('INTENT_RESULT').length, lists.length);
    assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 2);
  });

  it('say of a list that it is completed which was done before, and is answered afterwards', async () => {
    const held = gate.close();
    // The list has more announcements than go with the answer. The others are announced first, which takes until after
    // the cancellation.
    const done = listOf(...Array.from({ length: 501 }, () => persistState({}, { priority: 5 })));
    const rest = listOf(gatedIntent(1), persistState({}, { priority: 0 }));
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    used.worker.instead.set('publishEvents', async (input, real) => {
      await released;
      return real(input);
    });
    const execution = await used.worker.start('ExecuteSliceWorkflow', [{ lists: [done, rest] }]);
    await held;
    await used.worker.cancel(execution);
    gate.open();
    await until(20_000, () => {
      assert.equal(verdictOf(rest)?.outcome, 'cancelled');
      return Promise.resolve();
    });
    release();
    await assert.rejects(execution.result());
    assert.equal(verdictOf(done)?.outcome, 'completed');
    assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 501);
  });

  it('park what queues behind a parked list, as if they had not been cancelled', async () => {
    const held = gate.close();
    const partition = `intake/${randomUUID()}/0`;
    const behind = persistState();
    const key = `PersistState/${behind.payload.aggregation_id}`;
    used.worker.memory.parked.push({ partition, list: listOf(behind), keys: [key] });
    const lists = [listOf(behind), listOf(gatedIntent(1), persistState({}, { priority: 0 }))];
    await cancelHeld(used.worker, gate, held, await used.worker.start('ExecuteSliceWorkflow', [{ lists }], partition));
    assert.deepEqual(
      used.worker.memory.parked.slice(1).map(({ list }) => list.event_id),
      [lists[0]!.event_id],
    );
    assert.deepEqual([verdictOf(lists[0]!), verdictOf(lists[1]!)?.outcome], [undefined, 'cancelled']);
  });

  it('answer a list that waits for a key as cancelled, and do not park it', async () => {
    const waits = persistState({}, { priority: 5 });
    used.worker.memory.held.add(waits.payload.aggregation_id);
    const held = gate.close();
    const lists = [listOf(waits), listOf(gatedIntent(1), persistState({}, { priority: 0 }))];
    await cancelHeld(used.worker, gate, held, await used.worker.start('ExecuteSliceWorkflow', [{ lists }]));
    assert.deepEqual(
      lists.map((given) => verdictOf(given)?.outcome),
      ['cancelled', 'cancelled'],
    );
    assert.deepEqual(used.worker.memory.parked, []);
  });
});
