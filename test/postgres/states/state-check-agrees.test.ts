import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { NONE, step, useCheckedStates } from './checked-states.js';

interface Loose {
  readonly count: number | null;
  readonly second: number | null;
  readonly from: string | null;
  readonly to: string;
}

describe('check of the current states', () => {
  const { insert, stateOf, check } = useCheckedStates();

  it('agrees with what transitions leave, whatever their order, their number and their batch', async () => {
    // The life of a workflow is the lengths of its epochs. In each epoch the count grows, and time goes on.
    const life = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
    const loose = fc.record({
      count: fc.option(fc.integer({ min: 1, max: 4 })),
      second: fc.option(fc.integer({ min: 0, max: 6 })),
      // The states are few, so that a transition often follows the one before.
      from: fc.constantFrom('A', 'B', null),
      to: fc.constantFrom('A', 'B', 'C'),
    });
    let workflows = 0;
    const lives = async (epochs: readonly number[], seed: number) => {
      const known = randomUUID();
      workflows += 1;
      const random = randomOf(seed);
      let second = 0;
      const told = epochs.map((length) =>
        Array.from({ length }, (_, index) => {
          second += 1;
          return step(known, index + 1, second, `S${second}`);
        }),
      );
      for (const epoch of told) {
        // Each transition arrives once or twice, in any order, and some of them arrive at the same time.
        const delivered = shuffle([...epoch, ...epoch.filter(() => random() < 0.4)], random);
        const half = Math.floor(delivered.length / 2);
        await Promise.all(
          [delivered.slice(0, half), delivered.slice(half)].filter((part) => part.length > 0).map(insert),
        );
      }
      assert.equal((await stateOf(known))?.['current_state'], `S${second}`);
    };
    // These counts and times contradict each other. Nobody knows the truth, but table and history must agree.
    const contradicts = async (any: readonly Loose[]) => {
      const wild = randomUUID();
      workflows += Number(any.length > 0);
      for (const { count, second, from, to } of any) {
        await insert([{ ...step(wild, count, second, to), previous_state: from }]);
      }
    };
    // Six workflows run at a time. They share nothing but the server, and waiting for its answers takes the time.
    const few = { minLength: 6, maxLength: 6 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(life, fc.integer()), few),
        fc.array(fc.array(loose, { maxLength: 10 }), few),
        async (known, wild) => {
          await Promise.all([...known.map(([epochs, seed]) => lives(epochs, seed)), ...wild.map(contradicts)]);
        },
      ),
      { numRuns: 50 },
    );
    assert.deepEqual(await check(), { checked: workflows, faults: NONE, repaired: 0, examples: [] });
  }).timeout(120_000);

  it('agrees on two at one count and time that are from before their epoch', async () => {
    const id = randomUUID();
    for (const [count, second, to] of [
      [1, 4, 'A'],
      [null, 2, 'B'],
      [2, 2, 'C'],
    ] as const) {
      await insert([step(id, count, second, to)]);
    }
    const { faults } = await check();
    assert.deepEqual(faults, NONE);
    assert.equal(
      (await stateOf(id))?.['current_state'],
      'C',
      'of two at the same place and time the later arrival counts',
    );
  });
});

/** Returns a source of numbers from 0 to 1 that the same seed repeats. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
