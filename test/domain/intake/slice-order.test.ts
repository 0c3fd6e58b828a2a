/**
 * These tests check the order in which the lists of a slice run. Intents that share a key keep the order of their
 * lists.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { persistFsmTransition } from '../../support/intents.js';
import { list, planOf, row, tiersOf } from './support.js';

describe('the plan of a slice', () => {
  describe('orders a key by its lists', () => {
    const [k, l] = [randomUUID(), randomUUID()];

    it('also when a later list has the higher priority', () => {
      assert.deepEqual(tiersOf(planOf([list([row(k, 0)]), list([row(k, 5)])])), [
        [0, [0]],
        [5, [1]],
      ]);
    });

    it('in one tier when they have the same, and in the one below when the later has the lower', () => {
      assert.deepEqual(tiersOf(planOf([list([row(k, 5)]), list([row(k, 5)]), list([row(k, 0)])])), [
        [5, [0, 1]],
        [0, [2]],
      ]);
    });

    it('by the lowest priority a list has it at, wherever in the list that is', () => {
      for (const priorities of [
        [5, 0],
        [0, 5],
      ]) {
        const made = planOf([list(priorities.map((priority) => row(k, priority))), list([row(k, 3)])]);
        assert.deepEqual(tiersOf(made).at(-1), [3, [2]], String(priorities));
        assert.equal(tiersOf(made).length, 3);
      }
    });

    it('of several keys by the one that is free last', () => {
      // The third list has to wait for the second by one key, and for nobody by the other. It names the other key first
      // and last.
      for (const mine of [
        [row(l, 9), row(k, 9)],
        [row(k, 9), row(l, 9)],
      ]) {
        const made = planOf([list([row(k, 0)]), list([row(k, 4)]), list(mine)]);
        assert.deepEqual(tiersOf(made), [
          [0, [0]],
          [4, [1]],
          [9, [2, 3]],
        ]);
      }
    });

    it('behind a list that was put off itself, however low its own priority is', () => {
      const made = planOf([list([row(k, 0)]), list([row(k, 5)]), list([row(k, 0)])]);
      assert.deepEqual(tiersOf(made), [
        [0, [0]],
        [5, [1]],
        [0, [2]],
      ]);
    });

    it('behind a list that was put off for another key', () => {
      const made = planOf([list([row(k, 0)]), list([row(k, 5), row(l, 5)]), list([row(l, 7)]), list([row(l, 7)])]);
      assert.deepEqual(tiersOf(made), [
        [0, [0]],
        [5, [1, 2]],
        [7, [3, 4]],
      ]);
    });

    it('and puts nobody off who shares none', () => {
      assert.deepEqual(tiersOf(planOf([list([row(k, 0)]), list([row(l, 5)])])), [
        [5, [1]],
        [0, [0]],
      ]);
    });

    it('where types are apart, though their keys are the same text', () => {
      const made = planOf([list([row(k, 0)]), list([persistFsmTransition({ workflow_id: k }, { priority: 5 })])]);
      assert.deepEqual(tiersOf(made), [
        [5, [1]],
        [0, [0]],
      ]);
    });
  });

  it('numbers the keys that lists share, so that none overtakes one that waits', () => {
    const [a, b, c, d] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const made = planOf([list([row(a), row(b)]), list([row(c), row(b)]), list([row(d)]), list([row(c), row(a)])]);
    const [first, second, third, fourth] = made.lists.map(({ keys }) => keys);
    assert.deepEqual([first?.length, second?.length, third, fourth?.length], [2, 2, undefined, 2]);
    const shared = (one: readonly number[] = [], other: readonly number[] = []) =>
      one.filter((key) => other.includes(key)).length;
    assert.deepEqual([shared(first, second), shared(second, fourth), shared(first, fourth)], [1, 1, 1]);
    // The field `uses` names the keys, and only this function uses it. Two hundred lists with it would not fit a plan.
    assert.ok(made.lists.every((one) => !('uses' in one)));
  });

  it('does not count the same key of one list twice', () => {
    const key = randomUUID();
    assert.equal(planOf([list([row(key), row(key)])]).lists[0]?.keys, undefined);
  });

  it('keeps nobody waiting for a list that is not run', () => {
    const [key, other] = [randomUUID(), randomUUID()];
    const done = list([row(key, 0)]);
    const made = planOf([done, list([row(key, 5)]), list([row(other, 0)])], {
      answered: new Map([[done.event_id, null]]),
    });
    assert.deepEqual(tiersOf(made), [
      [5, [0]],
      [0, [1]],
    ]);
    assert.equal(made.lists[1]?.keys, undefined);
  });
});
