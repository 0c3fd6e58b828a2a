/** These tests cancel lists that share an execution: one of them, or all. Each is reported as far as it had come. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { SharedList, SharedReport } from '../../../src/domain/sharing/shared-list.js';
import type { Progress } from '../../../workflows/execution/progress.js';
import { cancelHeld, gatedIntent, useGate } from '../../support/gate.js';
import { persistState } from '../../support/intents.js';
import { type Execution, useMemoryWorker } from '../../support/memory-worker.js';
import { named, reportOf, statusesOf } from './support.js';

describe('cancelled lists of a shared execution', () => {
  const gate = useGate();
  const used = useMemoryWorker([gate.effect]);

  const start = (...lists: unknown[]): Promise<Execution> => used.worker.start('ExecuteListsWorkflow', [{ lists }]);
  const asked = (execution: Execution, ...ids: string[]): Promise<readonly SharedList[]> =>
    execution.query<readonly SharedList[], [ids?: readonly string[]]>('reports', ids.length === 0 ? undefined : ids);
  const threeTiers = () =>
    named([persistState({}, { priority: 5 }), gatedIntent(1), persistState({}, { priority: 0 })]);

  /** Starts lists, and cancels the first one while they are at the gate. */
  async function cancelFirst(first: ReturnType<typeof named>, ...others: unknown[]): Promise<SharedReport> {
    const held = gate.close();
    const execution = await start(first, ...others);
    await held;
    await execution.signal('cancelList', first.request_id);
    gate.open();
    return (await execution.result()) as SharedReport;
  }

  it('stop one of them at the next batch boundary, and none beside it', async () => {
    const { lists } = await cancelFirst(threeTiers(), threeTiers());
    assert.deepEqual(
      lists.map((list) => [reportOf(list).outcome, statusesOf(list)]),
      [
        ['cancelled', ['succeeded', 'succeeded', 'skipped']],
        ['completed', ['succeeded', 'succeeded', 'succeeded']],
      ],
    );
    assert.match(reportOf(lists[0]).results[2]?.error ?? '', /^skipped: the list was cancelled$/);
    assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 3);
  });

  it('stop between two batches of one tier', async () => {
    const calls = gate.calls;
    const { lists } = await cancelFirst(named([gatedIntent(1), gatedIntent(1)]), named([persistState()]));
    assert.deepEqual(
      lists.map((list) => [reportOf(list).outcome, statusesOf(list)]),
      [
        ['cancelled', ['succeeded', 'skipped']],
        ['completed', ['succeeded']],
      ],
    );
    assert.equal(gate.calls, calls + 1);
  });

  it('stop a list of which nothing was run yet', async () => {
    const { lists } = await cancelFirst(named([persistState({}, { priority: 0 })]), named([gatedIntent(1)]));
    assert.deepEqual(
      lists.map((list) => [reportOf(list).outcome, statusesOf(list)]),
      [
        ['cancelled', ['skipped']],
        ['completed', ['succeeded']],
      ],
    );
    assert.equal(used.worker.memory.effects.length, 0);
  });

  it('answer every list when an operator cancels the whole execution', async () => {
    const held = gate.close();
    const lists = [
      threeTiers(),
      named([persistState({}, { priority: 5 })]),
      named([persistState({}, { priority: 0 })]),
    ];
    const execution = await start(...lists);
    await cancelHeld(used.worker, gate, held, execution);
    const reports = await asked(execution);
    assert.deepEqual(
      reports.map((list) => [reportOf(list).outcome, statusesOf(list)]),
      [
        ['cancelled', ['succeeded', 'succeeded', 'skipped']],
        ['completed', ['succeeded']],
        ['cancelled', ['skipped']],
      ],
    );
  });

  it('are reported while a neighbour still runs', async () => {
    const held = gate.close();
    const [waits, done] = [threeTiers(), named([persistState({}, { priority: 5 })])];
    const execution = await start(waits, done);
    await held;
    const ended = await asked(execution, waits.request_id, done.request_id);
    assert.deepEqual(
      ended.map((list) => [list.request_id, reportOf(list).outcome]),
      [[done.request_id, 'completed']],
    );
    const progress = (id: string) => execution.query<Progress | null, [string]>('progress', id);
    assert.deepEqual(
      [await progress(waits.request_id), (await progress(done.request_id))?.settled, await progress(randomUUID())],
      [{ total: 3, settled: 1, succeeded: 1, failed: 0, priority: 1 }, 1, null],
    );
    gate.open();
    await execution.result();
  });
});
