/** These tests check which of many items are at fault. One that is overlooked stops all, and one too many is lost. */
import assert from 'node:assert/strict';
import { halve } from '../../../src/domain/values/halve.js';

describe('halve', () => {
  /**
   * Halves `items`. An attempt fails when its part has an item of `bad`, and such an item alone in its part is found.
   */
  async function search(items: readonly number[], ...bad: number[]) {
    const [attempts, found, passed]: [number[][], number[], number[]] = [[], [], []];
    await halve(items, (part, from) => {
      attempts.push([...part]);
      assert.deepEqual(part, items.slice(from, from + part.length), 'a part of the items, at its place');
      const fails = part.some((item) => bad.includes(item));
      (fails && part.length > 1 ? [] : fails ? found : passed).push(...part);
      return Promise.resolve(fails);
    });
    return { attempts, found, passed };
  }

  it('attempts halves until an item stands alone, the first half first', async () => {
    const { attempts } = await search([1, 2, 3, 4], 3);
    assert.deepEqual(attempts, [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]]);
  });

  it('finds each item at fault, in 19 attempts one of 500, and lets the others pass in their order', async () => {
    const items = Array.from({ length: 500 }, (_, index) => index);
    const one = await search(items, 321);
    assert.ok(one.attempts.length <= 19, `${one.attempts.length} attempts`);
    for (const bad of [[321], [0], [499], [0, 1, 250, 499]]) {
      const { found, passed } = await search(items, ...bad);
      assert.deepEqual(found, bad);
      assert.deepEqual(
        passed,
        items.filter((item) => !bad.includes(item)),
      );
    }
  });

  it('attempts once what has no item at fault, one item, or none', async () => {
    assert.deepEqual((await search([1, 2, 3])).attempts, [[1, 2, 3]]);
    assert.deepEqual((await search([1], 1)).attempts, [[1]]);
    assert.deepEqual((await search([])).attempts, [[]]);
  });

  it('attempts nothing after an attempt that threw', async () => {
    let attempts = 0;
    const attempt = () => Promise.reject(new Error(`attempt ${(attempts += 1)}`));
    await assert.rejects(halve([1, 2], attempt), /attempt 1/);
    assert.equal(attempts, 1);
  });
});
