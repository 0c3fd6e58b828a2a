import assert from 'node:assert/strict';
import { FreePartitions } from '../../src/client/free-partitions.js';

describe('partitions of lists without an order', () => {
  /** Returns the partitions of lists, counted from the first one's. */
  const of = (...lists: readonly (readonly [intents: number, at: number])[]): number[] => {
    const partitions = new FreePartitions();
    const all = lists.map(([intents, at]) => partitions.next(intents, at));
    return all.map((partition) => partition - (all[0] ?? 0));
  };

  it('are the same for lists of one moment', () => {
    assert.deepEqual(of([20, 1_000], [20, 1_000], [20, 1_020]), [0, 0, 0]);
  });

  it('are the next one for lists that come later, however steadily they come', () => {
    assert.deepEqual(of([20, 1_000], [20, 1_015], [20, 1_021], [20, 1_041], [20, 1_042]), [0, 0, 1, 1, 2]);
  });

  it('have no more intents of one moment than a slice', () => {
    assert.deepEqual(of([250, 0], [250, 0], [1, 0], [499, 0], [1, 0]), [0, 0, 1, 1, 2]);
    assert.deepEqual(of([2_000, 0], [1, 0]), [0, 1]);
  });

  it('are others for each emitter', () => {
    const first = new Set(Array.from({ length: 20 }, () => new FreePartitions().next(1, 0)));
    assert.ok(first.size > 1);
  });
});
