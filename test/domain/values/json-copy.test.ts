/** These tests give what only code can give. It gets JSON's own meaning, or it is refused by its path. */
import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { jsonCopy } from '../../../src/domain/values/json-copy.js';
import { findJsonProblem } from '../../../src/domain/values/json.js';
import { serializable } from '../../../src/domain/values/serializable.js';

const ANY = 'a value JSON can represent';
const TIME = new Date('2026-01-01T00:00:00Z');

class Order {
  readonly id = 1;
  readonly lines = [{ at: TIME }];
}
class Money {
  readonly #cents = 5;
  toJSON(key: string) {
    return { key, cents: this.#cents };
  }
}
class Secret {
  readonly #value = 1;
  read() {
    return this.#value;
  }
}
class Lines extends Array<number> {}
class Index extends Map<string, number> {
  readonly size2 = 1;
}
/** Makes a class of a name, whose objects keep what they have to themselves. */
const classOf = (name: string) =>
  Object.defineProperty(
    class {
      readonly #value = name;
      read() {
        return this.#value;
      }
    },
    'name',
    { value: name },
  );
/** The `toJSON` of a library's time (moment, dayjs, luxon): null where the time is none. */
const libraryTime = (ms: number) => ({ toJSON: () => (Number.isNaN(ms) ? null : ms), valueOf: () => ms });

const problemOf = (value: unknown) => {
  const copy = jsonCopy(value);
  assert.ok(!copy.ok, 'it was copied');
  return `${copy.path}: ${copy.problem}`;
};
const valueOf = (value: unknown) => {
  const copy = jsonCopy(value);
  assert.ok(copy.ok, JSON.stringify(copy));
  return copy.value;
};

describe('a copy of what JSON can represent', () => {
  const kept: [what: string, value: unknown][] = [
    ['text, numbers, truth and null', { a: ['x', '', 1.5, -0, 0, 1e300, true, false, null] }],
    ['a time', { at: TIME, in: [TIME] }],
    ['bytes', { data: Buffer.from('ab'), more: Uint8Array.of(1, 2) }],
    ['undefined, which is left out', { a: undefined, b: { c: undefined }, d: [undefined, 1] }],
    ['a hole in a list', [1, , 2]], // eslint-disable-line no-sparse-arrays
    ['an object of a class', { order: new Order() }],
    ['an object with toJSON', { money: new Money(), list: [new Money()] }],
    ['a toJSON that gives nothing', { a: { toJSON: () => undefined }, b: [{ toJSON: () => undefined }] }],
    ['a toJSON that is no function', { toJSON: 1, a: { toJSON: null } }],
    ['a function with toJSON', { a: Object.assign(() => 1, { toJSON: () => 'f' }) }],
    ['a library’s time', { at: libraryTime(7), none: { toJSON: () => null } }],
    ['boxed values', { a: new Number(1), b: new String('ab'), c: new Boolean(false), d: Object('x') as unknown }],
    ['no prototype', Object.assign(Object.create(null), { a: 1 })],
    ['objects without fields', { a: {}, b: Object.create(null) as object, c: [] }],
    ['a list of a class', Lines.of(1, 2)],
    ['objects of another realm', runInNewContext('({ a: {}, b: [1], c: new Date(0) })')],
    ['one object in two places', { a: TIME, b: [TIME, Order, Order].slice(0, 1) }],
    ['keys of any name', JSON.parse('{"constructor":{"name":1},"":1,"toString":"x","length":-1}')],
    ['a symbol’s key, which JSON does not see', { [Symbol('s')]: 1, a: 1 }],
    ['BIGINT as text', { total_stamps: '9007199254740993' }],
  ];
  for (const [what, value] of kept) {
    it(`has JSON’s own meaning: ${what}`, () => {
      assert.deepEqual(JSON.stringify(valueOf(value)), JSON.stringify(value));
    });
  }

  it('is the same for any JSON, and shares nothing with it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const before = structuredClone(value);
        const copy = valueOf(value);
        assert.deepEqual(copy, value);
        if (typeof value === 'object' && value !== null) assert.notEqual(copy, value);
        assert.deepEqual(value, before);
      }),
    );
  });

  it('has values of JSON itself: no undefined, and no boxes', () => {
    assert.deepEqual(valueOf({ a: undefined, b: [undefined] }), { b: [null] });
    const boxed = { a: new Number(1), b: new String('x'), c: new Boolean(true) };
    assert.deepEqual(valueOf(boxed), { a: 1, b: 'x', c: true });
  });

  it('asks toJSON by the name that it stands under, which is empty for the whole', () => {
    const name = { toJSON: (key: string) => [key] };
    assert.deepEqual([valueOf(name), valueOf({ a: name })], [[''], { a: ['a'] }]);
  });

  it('has an object wherever it is, and what toJSON gives of a thing that is no number', () => {
    const one = { x: {} };
    assert.deepEqual(valueOf({ a: one, b: [one, one] }), { a: { x: {} }, b: [{ x: {} }, { x: {} }] });
    assert.deepEqual(valueOf([{ toJSON: () => 'x', valueOf: () => NaN }]), ['x']);
  });

  it('asks a bigint for toJSON, which callers may have given to all of them', () => {
    Object.defineProperty(BigInt.prototype, 'toJSON', { value: () => 'digits', configurable: true });
    try {
      assert.deepEqual(valueOf([1n]), ['digits']);
    } finally {
      Reflect.deleteProperty(BigInt.prototype, 'toJSON');
    }
  });

  it('keeps __proto__ as a key, for the plan to refuse it', () => {
    const copy = valueOf(JSON.parse('{"a":{"__proto__":1}}'));
    assert.equal(findJsonProblem(copy, 64)?.path, 'a.__proto__');
  });

  it('calls toJSON once, with the key', () => {
    const keys: string[] = [];
    const one = { toJSON: (key: string) => keys.push(key) };
    valueOf({ a: one, b: [one, one] });
    assert.deepEqual(keys, ['a', '0', '1']);
    assert.deepEqual(valueOf({ toJSON: () => ({ toJSON: 'x' }) }), { toJSON: 'x' });
  });

  it('ends where the copy of JSON from outside ends, for the plan to name the intent', () => {
    for (const levels of [70, 71, 73, 74, 10_000]) {
      const deep: unknown = JSON.parse(`${'{"a":'.repeat(levels)}{}${'}'.repeat(levels)}`);
      assert.equal(JSON.stringify(valueOf(deep)), JSON.stringify(serializable(deep)), `${levels}`);
    }
    const list: unknown = JSON.parse(`${'['.repeat(80)}${']'.repeat(80)}`);
    assert.equal(JSON.stringify(valueOf(list)), JSON.stringify(serializable(list)));
  });

  it('allows undefined at the root, which the schema refuses', () => {
    assert.equal(valueOf(undefined), undefined);
    assert.equal(valueOf('x'), 'x');
  });
});

describe('what JSON cannot represent is refused', () => {
  const cycle: Record<string, unknown> = { a: [] };
  (cycle['a'] as unknown[]).push({ back: cycle });
  const list: unknown[] = [];
  list.push(list);
  const refused: [value: unknown, path: string, expected: string, got: string][] = [
    [NaN, 'a', 'a finite number', 'number NaN'],
    [-Infinity, 'a', 'a finite number', 'number -Infinity'],
    [new Number(Infinity), 'a', 'a finite number', 'number Infinity'],
    [9007199254740993n, 'a', 'a number, or text with the digits', 'bigint 9007199254740993'],
    [Object(1n), 'a', 'a value JSON can represent', 'BigInt'],
    [new Map([['k', 1]]), 'a', 'a plain object', 'Map'],
    [new Index(), 'a', 'a plain object', 'Index'],
    [new Set([1]), 'a', 'an array', 'Set'],
    [new WeakMap(), 'a', ANY, 'WeakMap'],
    [Promise.resolve(1), 'a', 'a value that was awaited', 'Promise'],
    [/x/, 'a', ANY, 'RegExp'],
    [Object.assign(/x/, { own: 1 }), 'a', ANY, 'RegExp'],
    [new TypeError('x'), 'a', ANY, 'TypeError'],
    [Object.assign(new Error('x'), { code: 'E' }), 'a', ANY, 'Error'],
    [new Secret(), 'a', ANY, 'Secret'],
    [new (classOf(''))(), 'a', ANY, 'object'],
    [new ArrayBuffer(2), 'a', ANY, 'ArrayBuffer'],
    [Object.create({ constructor: undefined }), 'a', ANY, 'object'],
    [Object.create({ constructor: { name: 5 } }), 'a', ANY, 'object'],
    [runInNewContext('new Map([[1, 2]])'), 'a', 'a plain object', 'Map'],
    [() => 1, 'a', ANY, 'function'],
    [Order, 'a', ANY, 'function'],
    [Symbol('x'), 'a', ANY, 'symbol'],
    [new Date(NaN), 'a', 'a valid time', 'invalid Date'],
    [libraryTime(NaN), 'a', 'a valid time', 'invalid Object'],
    [{ b: [1, { 'c d': NaN }] }, 'a.b[1]["c d"]', 'a finite number', 'number NaN'],
    [[1, new Set()], 'a[1]', 'an array', 'Set'],
    [{ toJSON: () => ({ inner: new Map() }) }, 'a.inner', 'a plain object', 'Map'],
    [{ toJSON: () => 1n }, 'a', 'a number, or text with the digits', 'bigint 1'],
    [cycle, 'a.a[0].back', 'a value without a cycle', 'object inside of itself'],
    [list, 'a[0]', 'a value without a cycle', 'array inside of itself'],
  ];
  for (const [value, path, expected, got] of refused) {
    it(`${got} at ${path}`, () => {
      assert.equal(problemOf({ first: 1, a: value, then: NaN }), `${path}: expected ${expected}, got ${got}`);
    });
  }

  it('with what a getter, a proxy or toJSON of the caller has thrown', () => {
    const error = new RangeError('not loaded');
    const fail = () => {
      throw error;
    };
    const getter = Object.defineProperty({}, 'late', { get: fail, enumerable: true });
    for (const [value, path] of [
      [getter, 'a[0].late'],
      [{ toJSON: fail }, 'a[0]'],
      [new Proxy({}, { ownKeys: fail }), 'a[0]'],
    ] as [unknown, string][]) {
      assert.equal(problemOf({ a: [value] }), `${path}: expected ${ANY}, got an error: not loaded`);
      const copy = jsonCopy({ a: [value] });
      assert.equal(!copy.ok && copy.cause, error);
    }
    const noError = { toJSON: () => AbortSignal.abort('gone').throwIfAborted() };
    assert.equal(problemOf({ a: noError }), `a: expected ${ANY}, got an error: gone`);
  });

  it('in short words, however long the name or the number is', () => {
    const problem = problemOf({ a: BigInt('9'.repeat(5_000)) });
    assert.ok(problem.length < 200, problem);
    assert.ok(problemOf({ a: new (classOf('X'.repeat(5_000)))() }).length < 200);
  });
});
