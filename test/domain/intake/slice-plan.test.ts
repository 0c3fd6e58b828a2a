/**
 * These tests check the plan of a slice as a whole. It has tiers, the scope of each list, and the ids that activities
 * find.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pageBytes } from '../../../src/domain/values/limits.js';
import { OpenSlice } from '../../../src/domain/intake/open-slice.js';
import { parseIntent } from '../../../src/domain/intents/parse.js';
import { VERDICT_BYTES } from '../../../src/domain/intake/list.js';
import { partitionOf } from '../../../src/domain/intake/slice.js';
import { keysOf, optionsOf } from '../../../src/domain/intake/slice-plan.js';
import { definitions } from '../../support/definitions.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';
import { keyOf, list, open, planOf, planOpen, row, tiersOf } from './support.js';

describe('the plan of a slice', () => {
  it('puts the intents of all its lists into common tiers, each list with its own scope', () => {
    const [aggregation_id, another] = [randomUUID(), randomUUID()];
    const announced = (of: string) => publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id: of });
    const [one, other] = [
      list([persistState(), announced(aggregation_id)], {
        request_id: 'r',
        options: { failFastPriority: 7 },
      }),
      list([announced(another), persistFsmTransition(), recoverFsmStates()], { correlation_id: 'c' }),
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
        self_announced: [{ key: `STATE_PERSISTED/${another}`, index: 2 }],
      },
    ]);
    assert.equal(made.intents.length, 5);
    assert.equal(made.page_bytes, pageBytes(5, 1, VERDICT_BYTES));
    assert.equal(made.locks, 'park');
  });

  it('tells parked lists, which stay so when their key is held, from others by how long they wait', () => {
    assert.equal(planOpen(open([], { parked: true })).locks, 'probe');
  });

  it('does not take a defect of ours for a fault of the list', () => {
    const broken = new Map(
      [...definitions].map(([type, definition]) => [type, { ...definition, orderKey: () => assert.fail('a defect') }]),
    );
    const slice = new OpenSlice({ lists: [list([row(randomUUID())])] }, broken);
    assert.throws(() => planOpen(slice, {}, broken), /a defect/);
  });

  it('gives activities the ids of the plan by the positions of the slice', () => {
    const repeated = list([row(randomUUID()), row(randomUUID())]);
    const slice = open([list([row(randomUUID())]), repeated, repeated, list([publishEvent(), 7])]);
    const made = planOpen(slice);
    const places = made.lists.flatMap(({ at, count }) => Array.from({ length: count }, (_, index) => at + index));
    assert.deepEqual(places, [0, 1, 2, 5, 6]);
    assert.deepEqual(
      places.map((place) => slice.idAt(place)),
      made.intents.map(({ id }) => id),
    );
    // An activity on a worker that has not made the plan comes to the same ids.
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
    planOpen(slice, {}, counting);
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

describe('the workflow id of a slice', () => {
  it('names its partition', () => {
    assert.equal(partitionOf('intake/topic/0'), 'intake/topic/0');
    assert.equal(partitionOf('intake/topic/0/parked/slice'), 'intake/topic/0');
    assert.equal(partitionOf('intake/a/parked/slice/0'), 'intake/a/parked/slice/0');
  });
});

describe('keys', () => {
  it('are those of valid intents, each once', () => {
    const key = randomUUID();
    const parsed = [row(key), row(key), 7, publishEvent({ partition_key: 'p' })].map((raw) =>
      parseIntent(raw, definitions),
    );
    assert.deepEqual(keysOf(parsed, 'c'), [keyOf(key), 'PublishEvent/AGGREGATION_STARTED/p']);
  });
});
