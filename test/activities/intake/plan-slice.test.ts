/** These tests check what the plan of a slice asks the stores for. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { SlicePlan } from '../../../src/domain/intake/slice.js';
import type { SliceList, Verdict } from '../../../src/domain/intake/list.js';
import { EXECUTION, memoryActivities } from '../../support/memory-activities.js';
import { persistState, publishEvent } from '../../support/intents.js';

const list = (...intents: unknown[]): SliceList => ({ event_id: randomUUID(), correlation_id: null, intents });

describe('planning a slice', () => {
  it('asks which keys of the lists that may be executed are parked in its partition, and for no other key', async () => {
    const worker = memoryActivities();
    const [state, event, done] = [persistState(), publishEvent({ partition_key: 'k' }), persistState()];
    const answered = list(done);
    const refused = { ...list(persistState()), options: { fast: true } };
    const keys = [`PersistState/${state.payload.aggregation_id}`, 'PublishEvent/AGGREGATION_STARTED/k'];
    const lists = [list(state, event), answered, refused, list(state), list(persistState({}, { target: 'nowhere' }))];
    worker.verdicts.set(answered.event_id, { event_id: answered.event_id } as Verdict);
    worker.parked.push(
      { partition: EXECUTION.workflow_id, list: list(), keys: [keys[1]!] },
      { partition: 'another', list: list(), keys: [keys[0]!] },
    );
    const asked: unknown[] = [];
    worker.before.set('parkedLists.findKeys', (...args: readonly unknown[]) => {
      asked.push(args);
    });
    worker.cache.put('s', { lists });
    const plan = await worker.run<SlicePlan>('planSlice', { slice: 's' });
    assert.deepEqual(asked, [[EXECUTION.workflow_id, keys]]);
    assert.deepEqual(
      plan.lists.map(({ skipped, refused: reason }) => skipped ?? (reason === undefined ? 'executed' : 'refused')),
      ['parked', 'answered', 'refused', 'parked', 'executed'],
    );
  });
});
