/** These tests work on items while they are read: a long input is never read whole before its first list starts. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { forEachAsItComes, readUntil } from '../../src/cli/as-they-come.js';

describe('items of an input', () => {
  let read: number;
  async function* numbers(last: number): AsyncGenerator<number> {
    for (let number = 1; number <= last; number += 1) {
      read = number;
      yield number;
      await turn();
    }
  }
  beforeEach(() => {
    read = 0;
  });

  it('are used as they come, as many at once as may be, and read little ahead', async () => {
    let using = 0;
    let most = 0;
    let used = 0;
    let ahead = 0;
    await forEachAsItComes(numbers(500), 3, async (number) => {
      assert.equal((used += 1), number, 'in their order');
      most = Math.max(most, (using += 1));
      ahead = Math.max(ahead, read - used);
      for (let turns = 0; turns < 20; turns += 1) await turn();
      using -= 1;
    });
    assert.deepEqual([used, most], [500, 3]);
    assert.ok(ahead > 50 && ahead <= 103, `${ahead} read ahead`);
  });

  it('start before the next one has come', async () => {
    let used = 0;
    async function* slow(): AsyncGenerator<number> {
      yield 1;
      while (used === 0) await turn();
      yield 2;
    }
    await forEachAsItComes(slow(), 1, async () => {
      await turn();
      used += 1;
    });
    assert.equal(used, 2);
  });

  it('end with the first failure, read no further, and leave nothing behind', async () => {
    const used: number[] = [];
    const run = forEachAsItComes(numbers(1_000), 2, async (number) => {
      used.push(number);
      await turn();
      if (number > 1) throw new Error(`failed: ${number}`);
    });
    await assert.rejects(run, /^Error: failed: 2$/);
    assert.ok(read < 20, `${read} read`);
    const count = used.length;
    await turn();
    assert.equal(used.length, count);
  });

  it('end with what the input fails with', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield* numbers(2);
      throw new Error('no more');
    }
    await assert.rejects(
      forEachAsItComes(broken(), 2, () => turn()),
      /no more/,
    );
  });

  it('are read up to the one that is wanted, and then all of them once', async () => {
    for (const [wanted, found, first] of [
      [2, true, 2],
      [9, false, 3],
    ] as const) {
      const { found: isFound, all } = await readUntil(numbers(3), (number) => number === wanted);
      assert.deepEqual([isFound, read], [found, first]);
      const given: number[] = [];
      for await (const number of all) given.push(number);
      assert.deepEqual(given, [1, 2, 3]);
    }
  });
});
