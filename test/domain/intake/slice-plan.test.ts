/** In which order the lists of a slice are carried out, and what becomes of those that are not. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pageBytes } from '../../../src/domain/values/limits.js';
import { OpenSlice } from '../../../src/domain/intake/open-slice.js';
import { parseIntent } from '../../../src/domain/intents/parse.js';
import type { SliceInput, SlicePlan } from '../../../src/domain/intake/slice.js';
import { type SliceList, VERDICT_BYTES } from '../../../src/domain/intake/list.js';
import { keysOf, type Known, makeSlicePlan, optionsOf } from '../../../src/domain/intake/slice-plan.js';
import { definitions } from '../../support/definitions.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

const list = (intents: readonly unknown[], rest: Partial<SliceList> = {}): SliceList => ({
  event_id: randomUUID(),
  correlation_id: null,
  intents,
  ...rest,
});
const NOTHING: Known = { answered: new Set(), parkedKeys: new Set(), prunedBefore: null };
const open = (lists: readonly SliceList[], rest: Partial<SliceInput> = {}) =>
  new OpenSlice({ lists, ...rest }, definitions);
const planOf = (lists: readonly SliceList[], known: Partial<Known> = {}): SlicePlan =>
  makeSlicePlan(open(lists), { ...NOTHING, ...known }, definitions);
/** Places of intents in the order of their tiers; those of a tier run side by side. */
const tiersOf = ({ tiers }: SlicePlan): [priority: number, places: number[]][] =>
  tiers.map(({ priority, lanes }) => [
    priority,
    lanes.flatMap(({ chunks }) => chunks.flatMap(({ indexes }) => indexes)).sort((a, b) => a - b),
  ]);
const skippedOf = ({ lists }: SlicePlan) => lists.map(({ skipped }) => skipped);
const row = (key: string, priority?: number) =>
  persistState({ aggregation_id: key }, priority === undefined ? {} : { priority });
const keyOf = (key: string) => `PersistState/${key}`;

describe('the plan of a slice', () => {
  it('puts the intents of all its lists into common tiers, each list with its own scope', () => {
    const aggregation_id = randomUUID();
    const [one, other] = [
      list([persistState(), publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id })], {
        request_id: 'r',
        options: { failFastPriority: 7 },
      }),
      list([publishEvent(), persistFsmTransition(), recoverFsmStates()], { correlation_id: 'c' }),
    ];
    const made = planOf([one, other]);
    assert.deepEqual(tiersOf(made), [
      [2, [4]],
      [1, [0, 3]],
      [0, [1, 2]],
    ]);
    assert.deepEqual(
      made.tiers.map(({ lanes }) => lanes.map(({ activity }) => activity)),
      [['recoverFsmStates'], ['persistStates', 'persistFsmTransitions'], ['publishEvents']],
    );
    assert.deepEqual(made.lists, [
      {
        event_id: one.event_id,
        correlation_id: 'r',
        at: 0,
        first: 0,
        count: 2,
        options: { failFastPriority: 7, derivedEvents: 'unless_published' },
        self_announced: [{ key: `STATE_PERSISTED/${aggregation_id}`, index: 1 }],
      },
      {
        event_id: other.event_id,
        correlation_id: 'c',
        at: 2,
        first: 2,
        count: 3,
        options: { failFastPriority: 2, derivedEvents: 'unless_published' },
        self_announced: [],
      },
    ]);
    assert.equal(made.intents.length, 5);
    assert.equal(made.page_bytes, pageBytes(5, 1, VERDICT_BYTES));
    assert.equal(made.locks, 'park');
  });

  it('tells parked lists, which stay so when their key is held, from others by how long they wait', () => {
    assert.equal(makeSlicePlan(open([], { parked: true }), NOTHING, definitions).locks, 'probe');
  });

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
      // The third list has to wait for the second by one key, and for nobody by the other, which it names first and last.
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
    // What names them is for this function only: two hundred lists would not fit a plan with it.
    assert.ok(made.lists.every((one) => !('uses' in one)));
  });

  it('does not count the same key of one list twice', () => {
    const key = randomUUID();
    assert.equal(planOf([list([row(key), row(key)])]).lists[0]?.keys, undefined);
  });

  it('lets a list wait behind a parked one, with all its keys, and runs the others', () => {
    const [a, b, c, free] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const lists = [
      list([row(free), row(a), row(b)]),
      list([row(b), row(c)]),
      list([row(c)]),
      list([row(randomUUID()), { ...row(randomUUID()), target: 'nowhere' }]),
      list([row(c), 7]),
      list([row(free)]),
    ];
    const made = planOf(lists, { parkedKeys: new Set([keyOf(a)]) });
    assert.deepEqual(skippedOf(made), ['parked', 'parked', 'parked', undefined, 'parked', 'parked']);
    assert.deepEqual(made.lists[0], {
      event_id: lists[0]!.event_id,
      correlation_id: lists[0]!.event_id,
      at: 0,
      first: 0,
      count: 0,
      options: { failFastPriority: 2, derivedEvents: 'none' },
      self_announced: [],
      skipped: 'parked',
    });
    assert.deepEqual(tiersOf(made), [[1, [0]]]);
    // What is wrong with a list is known before it has its turn.
    assert.match(made.lists[3]?.invalid ?? '', /^payload\.intents\[1\]: target: expected /);
    assert.equal(made.lists[4]?.invalid, 'payload.intents[1]: intent: expected an object, got number 7');
  });

  it('names the first of a list’s intents that is invalid by its index in the list', () => {
    const made = planOf([list([row(randomUUID())]), list([null, row(randomUUID()), 7])]);
    assert.equal(made.lists[1]?.invalid, 'payload.intents[0]: intent: expected an object, got null');
    assert.equal(made.lists[0]?.invalid, undefined);
  });

  it('runs a list once, however often it comes', () => {
    const [twice, done] = [list([row(randomUUID())]), list([row(randomUUID())])];
    const made = planOf([twice, done, twice, done], { answered: new Set([done.event_id]) });
    assert.deepEqual(skippedOf(made), [undefined, 'answered', 'repeats', 'repeats']);
    assert.deepEqual(
      made.lists.map(({ at, first, count }) => [at, first, count]),
      [
        [0, 0, 1],
        [1, 1, 0],
        [2, 1, 0],
        [3, 1, 0],
      ],
    );
    assert.deepEqual(tiersOf(made), [[1, [0]]]);
  });

  it('keeps nobody waiting for a list that is not run', () => {
    const [key, other] = [randomUUID(), randomUUID()];
    const done = list([row(key, 0)]);
    const made = planOf([done, list([row(key, 5)]), list([row(other, 0)])], { answered: new Set([done.event_id]) });
    assert.deepEqual(tiersOf(made), [
      [5, [0]],
      [0, [1]],
    ]);
    assert.equal(made.lists[1]?.keys, undefined);
  });

  it('refuses a list that may have been executed and forgotten since, and no other', () => {
    const at = '2026-11-01T00:00:00.000Z';
    const [old, same, unknown] = [
      list([row(randomUUID())], { emitted_at: '2026-10-31T23:59:59.999Z' }),
      list([row(randomUUID())], { emitted_at: at }),
      list([row(randomUUID())]),
    ];
    const made = planOf([old, same, unknown], { prunedBefore: at });
    assert.deepEqual(
      made.lists.map(({ refused, count }) => [refused, count]),
      [
        [
          'the list was emitted at 2026-10-31T23:59:59.999Z, and the ledger is pruned up to ' +
            '2026-11-01T00:00:00.000Z: nobody knows whether it was executed',
          0,
        ],
        [undefined, 1],
        [undefined, 1],
      ],
    );
    assert.equal(planOf([old]).lists[0]?.refused, undefined, 'nothing is pruned');
  });

  it('refuses a list over a limit or with wrong options, and executes its neighbours', () => {
    const many = list(Array.from({ length: 2_001 }, () => 7));
    const wrong = list([row(randomUUID())], { options: { fast: true } });
    const pages = list(Array.from({ length: 51 }, () => recoverFsmStates()));
    const made = planOf([many, wrong, pages, list([row(randomUUID())])]);
    assert.deepEqual(
      made.lists.map(({ refused, first, count }) => [refused?.slice(0, 40), first, count]),
      [
        ['intents: the list holds 2001 intents, th', 0, 0],
        ['options: expected no unknown fields (fas', 0, 0],
        ['intents: the list has 51 intents that re', 0, 0],
        [undefined, 0, 1],
      ],
    );
    assert.deepEqual(tiersOf(made), [[1, [0]]]);
  });

  it('does not take a defect of ours for a fault of the list', () => {
    const broken = new Map(
      [...definitions].map(([type, definition]) => [type, { ...definition, orderKey: () => assert.fail('a defect') }]),
    );
    const slice = new OpenSlice({ lists: [list([row(randomUUID())])] }, broken);
    assert.throws(() => makeSlicePlan(slice, NOTHING, broken), /a defect/);
  });

  it('gives activities the ids of the plan by the positions of the slice', () => {
    const repeated = list([row(randomUUID()), row(randomUUID())]);
    const slice = open([list([row(randomUUID())]), repeated, repeated, list([publishEvent(), 7])]);
    const made = makeSlicePlan(slice, NOTHING, definitions);
    const places = made.lists.flatMap(({ at, count }) => Array.from({ length: count }, (_, index) => at + index));
    assert.deepEqual(places, [0, 1, 2, 5, 6]);
    assert.deepEqual(
      places.map((place) => slice.idAt(place)),
      made.intents.map(({ id }) => id),
    );
    // An activity on a worker that has not made the plan comes to the same.
    const elsewhere = open(slice.lists.map(({ given }) => given));
    assert.deepEqual(
      places.map((place) => elsewhere.idAt(place)),
      made.intents.map(({ id }) => id),
    );
    assert.deepEqual(
      places.map((place) => slice.intentAt(place).hash),
      places.map((place) => elsewhere.intentAt(place).hash),
    );
  });
});

describe('a slice that is planned', () => {
  it('has read each of its intents once, for the plan and for the activities that follow', () => {
    let reads = 0;
    const counting = new Map(
      [...definitions].map(([type, definition]) => [
        type,
        {
          ...definition,
          schema: definition.schema.refine(() => ((reads += 1), true)),
        },
      ]),
    );
    const slice = new OpenSlice(
      { lists: [list([row(randomUUID())]), list([row(randomUUID()), publishEvent()])] },
      counting,
    );
    makeSlicePlan(slice, NOTHING, counting);
    for (const place of [0, 1, 2]) assert.equal(slice.intentAt(place).ok, true);
    assert.equal(reads, 3);
  });
});

describe('options of a list', () => {
  it('are those it brings, or the defaults, and are looked at only within the limits', () => {
    assert.deepEqual(optionsOf({ intents: [] }), { failFastPriority: 2, derivedEvents: 'unless_published' });
    assert.deepEqual(optionsOf({ intents: [], options: { derivedEvents: 'all' } }), {
      failFastPriority: 2,
      derivedEvents: 'all',
    });
    assert.throws(() => optionsOf({ intents: Array(2_001).fill(7) }), { name: 'LimitError' });
  });
});

describe('keys', () => {
  it('are those of valid intents, each once', () => {
    const key = randomUUID();
    const parsed = [row(key), row(key), 7, publishEvent({ partition_key: 'p' })].map((raw) =>
      parseIntent(raw, definitions),
    );
    assert.deepEqual(keysOf(parsed), [keyOf(key), 'PublishEvent/AGGREGATION_STARTED/p']);
  });
});
