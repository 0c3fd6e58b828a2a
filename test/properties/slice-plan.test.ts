/**
 * These tests compare the plan of a slice with what ADR 0009 says of keys. It says which list waits for which, whatever
 * the priorities.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OpenSlice } from '../../src/domain/intake/open-slice.js';
import type { SlicePlan } from '../../src/domain/intake/slice.js';
import type { SliceList } from '../../src/domain/intake/list.js';
import { type Known, makeSlicePlan } from '../../src/domain/intake/slice-plan.js';
import { definitions } from '../support/definitions.js';
import { publishEvent } from '../support/intents.js';

const NOTHING: Known = { answered: new Map(), parked: new Map(), parkedKeys: new Set(), prunedBefore: null };
const TYPE = 'BATCH_PROCESSED';

/** A draft is an intent by its key, with a priority. */
type Draft = readonly [key: string, priority: number];

const event = ([partition_key, priority]: Draft) =>
  publishEvent({ event_type: TYPE, partition_key }, { priority, target: 'event_bus' });
const listOf = (number: number, drafts: readonly Draft[]): SliceList => ({
  event_id: `list ${number}`,
  correlation_id: null,
  // No failure stops its list here, because the tests only ask in which order intents run.
  options: { failFastPriority: 100 },
  intents: drafts.map(event),
});
const planOf = (lists: readonly (readonly Draft[])[], known: Partial<Known> = {}): SlicePlan =>
  makeSlicePlan(
    new OpenSlice({ lists: lists.map((drafts, number) => listOf(number, drafts)) }, definitions),
    { ...NOTHING, ...known },
    definitions,
  );

/**
 * Returns the intents of each key in the order in which they run, as a list and an index in it. It throws when two
 * intents of a key may run side by side.
 */
function runsOf(plan: SlicePlan, keys: readonly string[]): Map<string, (readonly [list: number, index: number])[]> {
  const runs = new Map<string, (readonly [number, number])[]>();
  for (const { lanes } of plan.tiers) {
    const laneOf = new Map<string, number>();
    lanes.forEach(({ chunks }, lane) => {
      for (const index of chunks.flatMap(({ indexes }) => indexes)) {
        const key = keys[index]!;
        assert.equal(laneOf.get(key) ?? lane, lane, `${key} is in two lanes of a tier`);
        laneOf.set(key, lane);
        const list = plan.lists.findLastIndex(({ first, count }) => count > 0 && first <= index);
        runs.set(key, [...(runs.get(key) ?? []), [list, index - plan.lists[list]!.first]]);
      }
    });
  }
  return runs;
}

const drafts = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: -2, max: 2 })), {
  minLength: 1,
  maxLength: 4,
});

describe('makeSlicePlan', () => {
  it('runs the intents of a key in the order of their lists, and of a list by priority (property)', () => {
    fc.assert(
      fc.property(fc.array(drafts, { minLength: 1, maxLength: 6 }), (lists) => {
        const plan = planOf(lists);
        const keys = lists.flatMap((list) => list.map(([key]) => key));
        const runs = runsOf(plan, keys);
        for (const key of new Set(keys)) {
          const expected = lists.flatMap((list, number) =>
            list
              .map(([own, priority], index) => ({ own, priority, index }))
              .filter(({ own }) => own === key)
              .sort((one, other) => other.priority - one.priority || one.index - other.index)
              .map(({ index }) => [number, index] as const),
          );
          assert.deepEqual(runs.get(key), expected, `${key} of ${JSON.stringify(lists)}`);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('lets lists that share no key run side by side, one list after another only where they do', () => {
    const plan = planOf([[['a', 0]], [['b', 5]], [['a', 5]], [['c', 0]]]);
    assert.deepEqual(
      plan.tiers.map(({ priority, lanes }) => [priority, lanes.flatMap(({ chunks }) => chunks[0]!.indexes)]),
      [
        [5, [1]],
        [0, [0, 3]],
        [5, [2]],
      ],
    );
  });

  it('parks a list behind a parked one, and one behind that by another key, and no other', () => {
    const lists: (readonly Draft[])[] = [
      [['free', 0]],
      [
        ['held', 0],
        ['x', 0],
      ],
      [
        ['x', 0],
        ['y', 0],
      ],
      [['other', 0]],
      [['y', 0]],
    ];
    const plan = planOf(lists, { parkedKeys: new Set([`PublishEvent/${TYPE}/held`]) });
    assert.deepEqual(
      plan.lists.map(({ skipped }) => skipped),
      [undefined, 'parked', 'parked', undefined, 'parked'],
    );
    assert.deepEqual(plan.intents.length, 2, 'nothing of a parked list is run');
  });

  it('holds no key for a list that is answered, comes twice or is refused', () => {
    const parkedKeys = new Set([`PublishEvent/${TYPE}/held`]);
    const twice = listOf(3, [['y', 0]]);
    const slice = [
      listOf(0, [
        ['held', 0],
        ['x', 0],
      ]),
      {
        ...listOf(1, [
          ['held', 0],
          ['y', 0],
        ]),
        options: { failFastPriority: 'high' },
      },
      listOf(2, [['x', 0]]),
      twice,
      twice,
    ];
    const plan = makeSlicePlan(
      new OpenSlice({ lists: slice }, definitions),
      { ...NOTHING, parkedKeys, answered: new Map([['list 0', null]]) },
      definitions,
    );
    assert.deepEqual(
      plan.lists.map(({ skipped, refused }) => skipped ?? (refused === undefined ? 'run' : 'refused')),
      ['answered', 'refused', 'run', 'run', 'repeats'],
    );
  });

  it('says which lists share a key, so that one that waits stops those behind it', () => {
    const plan = planOf([
      [
        ['a', 0],
        ['alone', 0],
      ],
      [['b', 0]],
      [
        ['a', 5],
        ['b', 0],
      ],
      [['c', 0]],
    ]);
    const [first, second, third, fourth] = plan.lists.map(({ keys = [] }) => new Set(keys));
    assert.deepEqual([first!.size, second!.size, third!.size, fourth!.size], [1, 1, 2, 0]);
    assert.deepEqual(third, new Set([...first!, ...second!]));
  });
});
