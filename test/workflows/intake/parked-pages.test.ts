/** This test runs rounds over pages of many parked lists. The server is real, and rows are locked in memory. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ParkedPage } from '../../../src/domain/intake/ports.js';
import { until } from '../../../src/flow-control/until.js';
import { persistState } from '../../support/intents.js';
import { listOf, useMemoryWorker } from '../../support/memory-worker.js';

describe('rounds of many parked lists', () => {
  const used = useMemoryWorker();

  it('pass over pages without lists, and show how many wait, as the last page has counted', async () => {
    const partition = `intake/${randomUUID()}/0`;
    const state = persistState();
    used.worker.memory.held.add(state.payload.aggregation_id);
    used.worker.memory.parked.push({ partition, list: listOf(state), keys: [] });
    const afters: number[] = [];
    used.worker.instead.set('takeParked', ({ after }: { after: number }): ParkedPage => {
      afters.push(after);
      const lists = used.worker.memory.parked.map(({ list }) => list);
      if (lists.length === 0) return { lists, parked: 0, next: null };
      // Two more lists are left out of all pages, until this one is answered.
      return after === 0 ? { lists: [], parked: 0, next: 7 } : { lists, parked: 3, next: null };
    });
    const rounds = await used.worker.start('ExecuteParkedListsWorkflow', [partition], `${partition}/parked`);
    const details = async () =>
      (await rounds.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
    await until(20_000, async () => {
      assert.equal(await details(), '0 lists answered, 3 wait for a key');
    });
    used.worker.memory.held.clear();
    assert.deepEqual(await rounds.result(), { answered: 1 });
    assert.equal(await details(), '1 lists answered, 2 wait for a key');
    assert.deepEqual(afters.slice(-3), [0, 7, 0]);
  });
});
