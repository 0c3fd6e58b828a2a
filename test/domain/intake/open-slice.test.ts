/** These tests check what activities read from a slice. Any client may have started it with any input. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { OpenSlice } from '../../../src/domain/intake/open-slice.js';
import { SliceCache } from '../../../src/domain/intake/slice-cache.js';
import { definitions } from '../../support/definitions.js';
import { persistState, publishEvent } from '../../support/intents.js';

const open = (lists: readonly unknown[], rest: object = {}) => new OpenSlice({ lists, ...rest }, definitions);
const list = (intents: readonly unknown[], rest: object = {}) => ({
  event_id: randomUUID(),
  correlation_id: null,
  intents,
  ...rest,
});

describe('a slice as activities see it', () => {
  for (const [input, message] of [
    [7, 'input: expected an object, got number 7'],
    [{}, 'lists: expected an array, got nothing'],
    [{ lists: [{ ...list([]), event_id: '' }] }, 'lists[0].event_id: expected at least 1 characters, got string ""'],
    [{ lists: [{ ...list([]), intents: 1 }] }, 'lists[0].intents: expected an array, got number 1'],
    [{ lists: [list([], { emitted_at: 'x' })] }, 'lists[0].emitted_at: expected an ISO 8601 time, got string "x"'],
    [{ lists: [], parked: 'no' }, 'parked: expected a boolean, got string "no"'],
  ] as const) {
    it(`refuses ${JSON.stringify(input).slice(0, 40)}, naming the field`, () => {
      assert.throws(() => new OpenSlice(input, definitions), { name: 'RequestError', message });
    });
  }

  it('takes the envelope’s id for what a list leaves out, and what it brings as it is', () => {
    const [bare, full] = [
      list([]),
      list([1], { request_id: 'r', correlation_id: 'c', emitted_at: '2026-01-01T00:00:00Z' }),
    ];
    const slice = open([bare, full, { ...full, correlation_id: null }]);
    assert.deepEqual(
      slice.lists.map(({ request_id, correlation_id }) => [request_id, correlation_id]),
      [
        [bare.event_id, bare.event_id],
        ['r', 'c'],
        ['r', 'r'],
      ],
    );
    assert.deepEqual(slice.lists[1]?.given, full);
    assert.equal(slice.parked, false);
    assert.equal(open([], { parked: true }).parked, true);
  });

  it('takes the event id as it is written for the correlation id, and in lower case for all that is stored', () => {
    const event_id = 'e-1';
    const [lower, upper, named] = [
      list([], { event_id }),
      list([], { event_id, written_event_id: 'E-1' }),
      list([], { event_id, written_event_id: 'E-1', request_id: 'r' }),
    ];
    const other = list([]);
    const slice = open([lower, other, upper, named]);
    assert.deepEqual(
      slice
        .listsOf(event_id)
        .map(({ written_event_id, request_id, correlation_id }) => [written_event_id, request_id, correlation_id]),
      [
        ['e-1', 'e-1', 'e-1'],
        ['E-1', 'e-1', 'E-1'],
        ['E-1', 'r', 'r'],
      ],
    );
    assert.deepEqual(slice.listsOf(other.event_id), [slice.lists[1]]);
    assert.deepEqual(slice.listsOf('E-1'), []);
  });

  it('hashes the intents of a list as they were sent, whatever the order of their keys', () => {
    const slice = open([
      list([{ a: 1, b: [{ c: 2, d: 3 }] }]),
      list([{ b: [{ d: 3, c: 2 }], a: 1 }]),
      list([{ a: 1 }]),
    ]);
    const [one, same, other] = slice.lists.map((given) => slice.hashOf(given));
    assert.match(one!, /^[0-9a-f]{64}$/);
    assert.deepEqual([same === one, other === one], [true, false]);
    assert.equal(slice.hashOf(slice.lists[0]!), one);
  });

  it('finds the list of an intent by its position, whatever lists are empty', () => {
    const slice = open([list([]), list([1, 2]), list([]), list([]), list([3]), list([])]);
    assert.deepEqual(
      slice.lists.map(({ at }) => at),
      [0, 0, 2, 2, 2, 3],
    );
    assert.deepEqual(
      [0, 1, 2].map((at) => slice.lists.indexOf(slice.listAt(at))),
      [1, 1, 4],
    );
    for (const at of [-1, 3, 9]) {
      assert.throws(() => slice.listAt(at), { name: 'RangeError', message: `the slice has no intent ${at}` });
    }
    assert.equal(slice.list(4), slice.lists[4]);
    assert.throws(() => slice.list(6), { name: 'RangeError', message: 'the slice has no list 6' });
    assert.throws(() => open([]).listAt(0), RangeError);
  });

  it('reads an intent once, at its position', () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    const slice = open([
      list([persistState({}, { intent_id: ids[0]! }), 7]),
      list([publishEvent({}, { intent_id: ids[1]! }), publishEvent({}, { intent_id: ids[2]! })]),
    ]);
    assert.deepEqual(
      slice.lists.map((one) => slice.intentsOf(one).map(({ ok, intentId }) => (ok ? intentId : 'refused'))),
      [
        [ids[0], 'refused'],
        [ids[1], ids[2]],
      ],
    );
    assert.equal(slice.intentAt(2), slice.intentAt(2));
    assert.equal(slice.idAt(3), ids[2]);
  });

  it('derives the id of an intent from its list, its index there and what it does, as the plan has', () => {
    const [intent, other] = [persistState(), persistState()];
    const slice = open([list([other, intent], { request_id: 'r' }), list([other, intent], { request_id: 'r' })]);
    assert.equal(slice.idAt(1), slice.idAt(3));
    assert.notEqual(slice.idAt(0), slice.idAt(1));
    slice.remember(1, slice.intentAt(0), 'planned');
    assert.equal(slice.idAt(1), 'planned');
    assert.equal(slice.intentAt(1), slice.intentAt(0));
    assert.throws(() => slice.idAt(4), RangeError);
  });

  it('says of a list whether it publishes a derived event itself, whatever else is in it', () => {
    const own = publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id: randomUUID() });
    const slice = open([list([persistState(), publishEvent(), 7]), list([7, publishEvent(), own])]);
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(
        [0, 1, 2, 3, 4, 5].map((at) => slice.publishesItself(at)),
        [false, false, false, true, true, true],
      );
    }
  });
});

describe('the slices a process has at hand', () => {
  it('are the latest 32: more than run at once, and no more memory than that', () => {
    const cache = new SliceCache();
    for (let n = 0; n < 33; n += 1) assert.deepEqual(cache.put(String(n), n), { input: n });
    assert.deepEqual(
      ['0', '1', '32'].map((key) => cache.get(key)?.input),
      [undefined, 1, 32],
    );
    cache.put('1', 'again');
    cache.put('33', 33);
    assert.deepEqual(
      ['1', '2', '3'].map((key) => cache.get(key)?.input),
      ['again', undefined, 3],
    );
    cache.delete('3');
    assert.equal(cache.get('3'), undefined);
  });
});
