import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { memoryActivities } from '../../support/memory-activities.js';
import { persistState, publishEvent } from '../../support/intents.js';

const list = (...intents: unknown[]): SliceList => ({ event_id: randomUUID(), correlation_id: null, intents });

describe('parking lists', () => {
  it('stores those that wait, in their order, under all of their keys, and wakes who tries them afterwards', async () => {
    const worker = memoryActivities();
    const [state, event] = [persistState(), publishEvent({ partition_key: 'k' })];
    const lists = [list(state), list(persistState()), list(event, state)];
    worker.cache.put('s', { lists });
    worker.before.set('parkedRuns.wake', () => {
      assert.equal(worker.parked.length, 2, 'woken before they are stored');
    });
    // The ids are in another order than the lists. They say which lists to park, and not in which order.
    await worker.run('parkLists', { slice: 's', event_ids: [lists[2]!.event_id, lists[0]!.event_id] });
    const row = `PersistState/${state.payload.aggregation_id}`;
    assert.deepEqual(
      worker.parked.map(({ list: given, keys }) => [given, keys]),
      [
        [lists[0], [row]],
        [lists[2], [keyOf('k'), row]],
      ],
    );
    assert.equal(worker.calls.filter((call) => call === 'parkedRuns.wake').length, 1);
  });

  it('is tried again when nobody could be woken: nothing else would ever look at them', async () => {
    const worker = memoryActivities();
    const given = list(persistState());
    worker.cache.put('s', { lists: [given] });
    worker.before.set('parkedRuns.wake', async () => {
      await Promise.resolve();
      throw new Error('Temporal is away');
    });
    const park = () => worker.run('parkLists', { slice: 's', event_ids: [given.event_id] });
    await assert.rejects(park(), /Temporal is away/);
    worker.before.clear();
    await park();
    assert.equal(worker.parked.length, 1);
  });
});

const keyOf = (key: string): string => `PublishEvent/AGGREGATION_STARTED/${key}`;
