/**
 * These tests check what is said of JSON that cannot be stored or sent. The message names the field, and is short
 * enough itself.
 */
import assert from 'node:assert/strict';
import {
  findJsonProblem,
  pathOf,
  shorten,
  shortenJson,
  shortenMiddle,
  textProblem,
  typeName,
} from '../../../src/domain/values/json.js';
import { serializable } from '../../../src/domain/values/serializable.js';

const nested = (levels: number, end: unknown = 1): unknown => (levels === 0 ? end : { a: nested(levels - 1, end) });
const bytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text));

describe('a path', () => {
  it('is as one would write it in code', () => {
    assert.equal(pathOf([]), '');
    assert.equal(pathOf(['a', 'b_c', 'D-9']), 'a.b_c.D-9');
    assert.equal(pathOf([3, 'a', 0]), '[3].a[0]');
    assert.equal(pathOf(['x y', 'b', '9a', '', '-a']), '["x y"].b["9a"][""]["-a"]');
    assert.equal(pathOf(['a b', 'ab c']), '["a b"]["ab c"]');
    assert.equal(pathOf([Symbol('s')]), '["Symbol(s)"]');
    const long = 'k'.repeat(80);
    assert.equal(pathOf([long]), long);
    assert.equal(pathOf([`${long}k`]), `["${long}… (81 characters)"]`);
  });
});

describe('a text in a message', () => {
  it('is cut to 80 characters, or as many as there is room for, and says how long it was', () => {
    const text = 'x'.repeat(80);
    assert.equal(shorten(text), text);
    assert.equal(shorten(`${text}y`), `${text}… (81 characters)`);
    assert.equal(shorten('abc', 2), 'ab… (3 characters)');
    assert.equal(shorten('ab', 2), 'ab');
  });

  it('is cut by the bytes that it takes in JSON', () => {
    assert.equal(shortenJson('x'.repeat(500), 500), 'x'.repeat(500));
    for (const letter of ['x', '"', '\u0001', 'é', '€']) {
      for (const length of [1, 90, 130, 600, 5_000]) {
        const cut = shortenJson(letter.repeat(length), 100);
        assert.ok(bytesOf(cut) <= 130, `${bytesOf(cut)} bytes`);
        if (bytesOf(letter.repeat(length)) <= 100) assert.equal(cut, letter.repeat(length));
        else if (length > 130) assert.match(cut, new RegExp(`… \\(${length} characters\\)$`));
        // The cut takes off no more than it has to.
        if (length === 5_000) assert.ok(bytesOf(cut) >= 95, `${bytesOf(cut)} bytes`);
      }
    }
  });

  it('is not cut for what a cut one adds to itself', () => {
    // The cut text has 100 characters, of which seven take two bytes. Two quotation marks and the 21 bytes of the note
    // come on top.
    assert.equal(
      shortenJson('"'.repeat(7) + 'x'.repeat(4_993), 100),
      `${'"'.repeat(7)}${'x'.repeat(93)}… (5000 characters)`,
    );
  });

  it('is cut in its middle where both of its ends matter', () => {
    assert.equal(shortenMiddle('0123456789', 10), '0123456789');
    assert.equal(shortenMiddle('0123456789', 9), '0123…6789');
    assert.equal(shortenMiddle('0123456789', 6), '012…89');
    assert.equal(shortenMiddle('0123456789', 1), '…');
    assert.equal(shortenMiddle('0123456789', 2), '0…');
  });

  it('is never left with half of a surrogate pair, which no store takes', () => {
    const pairs = '😀'.repeat(10);
    assert.equal(shorten(pairs, 3), '😀… (20 characters)');
    assert.equal(shorten(pairs, 4), '😀😀… (20 characters)');
    assert.equal(shortenMiddle(pairs, 8), '😀😀…😀');
    assert.equal(shortenMiddle(pairs, 7), '😀…😀');
    assert.equal(shortenMiddle(pairs, 9), '😀😀…😀😀');
    for (let length = 1; length < 20; length += 1) {
      assert.ok(shorten(pairs, length).isWellFormed() && shortenMiddle(pairs, length).isWellFormed(), `${length}`);
      assert.ok(shortenMiddle(pairs, length).length <= length);
    }
  });

  it('names types as JSON has them', () => {
    assert.deepEqual([null, undefined, [], {}, 'x', 1, true].map(typeName), [
      'null',
      'nothing',
      'array',
      'object',
      'string',
      'number',
      'boolean',
    ]);
  });

  it('is one that PostgreSQL takes', () => {
    assert.equal(textProblem('naïve 😀'), null);
    assert.equal(textProblem('a\u0000'), 'expected text without NUL characters (\\u0000), got string with one');
    assert.equal(textProblem('\udc00'), 'expected well-formed Unicode, got string with half of a surrogate pair');
  });
});

describe('what JSON cannot represent', () => {
  const UNSAFE = 'expected a whole number JSON can represent (up to 9007199254740991), got number';
  const LARGE = 'expected a number under 1.7976931348623157e+308, got number that is not';
  const NUL = 'expected text without NUL characters (\\u0000), got string with one';
  const HALF = 'expected well-formed Unicode, got string with half of a surrogate pair';
  const find = (value: unknown, depth = 64) => findJsonProblem(value, depth);

  it('is nothing in what is well', () => {
    const well = { a: [1, -1.5, true, null, 'x', { b: [[]] }], c: Number.MAX_SAFE_INTEGER, d: 1e-9, e: 6.02e23 };
    for (const value of [well, 'x', 7, null, undefined, true, [], {}]) assert.equal(find(value), null);
  });

  for (const [what, value, path, problem] of [
    ['a text', '\u0000', '', NUL],
    ['a text inside', { a: [1, { b: '\ud800' }] }, 'a[1].b', HALF],
    ['a text in a list', ['x', '\u0000'], '[1]', NUL],
    ['a key', { a: { 'b\u0000': 1 } }, 'a["b\\u0000"]', NUL],
    ['half a key', { '\ud800': 1 }, '["\\ud800"]', HALF],
    ['a number', { a: [2 ** 53] }, 'a[0]', UNSAFE],
    ['a negative number', [-(2 ** 53) - 2], '[0]', UNSAFE],
    ['a number without an exponent', [999999999999999900000], '[0]', UNSAFE],
    ['a key before its number', { '\0': 2 ** 53 }, '["\\u0000"]', NUL],
    ['the largest number', [Number.MAX_VALUE], '[0]', LARGE],
    ['the largest negative number', [-Number.MAX_VALUE], '[0]', LARGE],
    [
      'a key of another object',
      JSON.parse('{"a":{"__proto__":1}}'),
      'a.__proto__',
      'expected another key: __proto__ is not allowed, got object with it',
    ],
  ] as [string, unknown, string, string][]) {
    it(`is named: ${what}`, () => {
      assert.deepEqual(find(value), { path, problem });
    });
  }

  it('is nesting of more levels than there may be, and not as many', () => {
    assert.equal(find(nested(3), 3), null);
    assert.equal(find(nested(2, []), 3), null);
    assert.deepEqual(find(nested(4), 3), {
      path: 'a.a.a…',
      problem: 'expected at most 3 levels of nesting, got more',
    });
    assert.equal(find(nested(9), 8)?.path, 'a.a.a.a…');
    assert.equal(find(nested(8, []), 8)?.path, 'a.a.a.a…');
    assert.equal(find(nested(8, 'x'), 8), null);
  });
});

describe('a text that looks like a number', () => {
  it('is a text, however large', () => {
    for (const text of ['1e400', '9007199254740993']) assert.equal(findJsonProblem({ a: [text], b: text }, 64), null);
  });
});

describe('what a caller sent, made fit to be sent on', () => {
  it('is the same thing where JSON can represent it', () => {
    for (const value of [nested(72, {}), undefined, { a: [1, null, 'x', undefined] }, 7, 'x', null]) {
      assert.equal(serializable(value), value);
    }
  });

  it('is cut where it is deeper, and keeps everything beside that', () => {
    const given = { deep: nested(80), list: [1, { b: 'x' }, null], text: 'x' };
    const copy = serializable(given) as typeof given;
    assert.notEqual(copy, given);
    assert.deepEqual({ ...copy, deep: 0 }, { ...given, deep: 0 });
    let levels = 0;
    for (let inner: unknown = copy; typeof inner === 'object' && inner !== null; levels += 1) {
      inner = (inner as Record<string, unknown>)['deep'] ?? (inner as Record<string, unknown>)['a'] ?? null;
    }
    // The copy has eight levels more than an intent may have, so that the plan finds it too deep.
    assert.equal(levels, 72);
    assert.notEqual(findJsonProblem(copy, 64), null);
    assert.notEqual(serializable(nested(73, {})), null);
  });

  it('is cut at the same level wherever it is', () => {
    const cut = serializable(nested(80));
    const above = (value: unknown): unknown => ({ a: { a: { a: value } } });
    const whole = above(cut);
    assert.equal(serializable(whole, 3), whole);
    assert.deepEqual(serializable(above(nested(80)), 3), above(cut));
    assert.notDeepEqual(serializable(above(cut)), above(cut));
  });

  it('has the largest number there is for one that is infinite, which the plan refuses by name', () => {
    assert.deepEqual(serializable({ a: [Infinity, -Infinity, 1, null, 'x'] }), {
      a: [Number.MAX_VALUE, -Number.MAX_VALUE, 1, null, 'x'],
    });
    assert.equal(serializable(Infinity), Number.MAX_VALUE);
    assert.match(findJsonProblem(serializable(JSON.parse('[1e400]')), 64)?.problem ?? '', /^expected a number under/);
  });
});
