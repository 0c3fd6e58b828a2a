/** These tests parse the text of JSON. What is not JSON is named with its place, on any version of Node alike. */
import assert from 'node:assert/strict';
import { parseJson } from '../../../src/domain/values/json-text.js';
import { findJsonProblem } from '../../../src/domain/values/json.js';
import { serializable } from '../../../src/domain/values/serializable.js';

describe('the text of JSON', () => {
  it('is parsed as JSON is', () => {
    const texts = [
      '{}',
      ' [1, -2.5e-7, true, false, null, "x\\u00e9\\n\\"", {"a": {"b": []}}] ',
      '"\u2028"',
      '0.1000000000000000055',
      '{"__proto__": 1}',
    ];
    for (const text of texts) assert.deepEqual(parseJson(text), { ok: true, value: JSON.parse(text) as unknown });
  });

  const WHOLE = 'expected a whole number JSON can represent (up to 9007199254740991), got number';
  const LARGE = 'expected a number under 1.7976931348623157e+308, got number that is not';
  for (const [text, problem] of [
    ['9007199254740991', null],
    ['9007199254740992', WHOLE],
    ['-9007199254740993', WHOLE],
    // A double holds these, as it does ten million others in between: they are told by how they are written.
    ['1000000000000000000', WHOLE],
    ['100000000000000000000', WHOLE],
    ['999999999999999999999', WHOLE],
    ['1000000000000000000000', WHOLE],
    ['-1000000000000000000001', WHOLE],
    ['1234567890123456789012345678901234567890', WHOLE],
    ['1'.repeat(400), WHOLE],
    ['6.02e17', WHOLE],
    ['6.02e23', null],
    ['-6.02E+23', null],
    ['1e21', null],
    ['1.7976931348623155e308', null],
    ['1.7976931348623157e308', LARGE],
    ['1e400', LARGE],
    ['-1e400', LARGE],
    ['1234567890123456789012345678901234567890.0', null],
    ['1234567890123456789012345678901234567890e2', null],
    ['0.1234567890123456789012345', null],
    ['1e-0000000000000000000000007', null],
    ['"1234567890123456789012345"', null],
    ['"\\"1234567890123456789012345\\\\"', null],
    ['"\\n1234567890123456789012345"', null],
  ] as const) {
    it(`has a number that ${problem === null ? 'is kept' : 'is refused by name'}: ${text.slice(0, 44)}`, () => {
      const read = parseJson(`{"s": "1", "a": [${text}, "1234567890123456789012"]}`);
      assert.ok(read.ok);
      const { a } = read.value as { a: unknown[] };
      const expected = problem === null ? null : { path: 'a[0]', problem };
      assert.deepEqual(findJsonProblem(serializable(read.value), 64), expected);
      if (problem === null) assert.equal(a[0], JSON.parse(text));
      assert.equal(a[1], '1234567890123456789012');
    });
  }

  const problems: readonly (readonly [text: string, problem: string, place: string])[] = [
    ['{"a": 1,}', 'a trailing comma instead of a key in double quotes', '1:8'],
    ['[1,\r\n 2,\n\n]', 'a trailing comma instead of a value', '2:3'],
    ['[1,,2]', '"," instead of a value', '1:4'],
    ['[,1]', '"," instead of a value or "]"', '1:2'],
    ['{,}', '"," instead of a key in double quotes or "}"', '1:2'],
    ['// x\n{}', 'a comment instead of a value', '1:1'],
    ['{"a": 1 /* x */}', 'a comment instead of "," or "}"', '1:9'],
    ['[1 # x\n]', 'a comment instead of "," or "]"', '1:4'],
    ['/x', '"/" instead of a value', '1:1'],
    ['(x)', '"(" instead of a value', '1:1'],
    ['[x // y\n]', '"x" instead of a value or "]"', '1:2'],
    ['["\\nab", x]', '"x" instead of a value', '1:10'],
    ['[1.25 x]', '"x" instead of "," or "]"', '1:7'],
    ['[1e55 x]', '"x" instead of "," or "]"', '1:7'],
    ['', 'the end instead of a value', '1:1'],
    ['[1\n', 'the end instead of "," or "]"', '2:1'],
    ['{"a"', 'the end instead of ":"', '1:5'],
    ['{} {}', '"{" instead of the end', '1:4'],
    ['[1]]', '"]" instead of the end', '1:4'],
    ['[{"a": [1]} 2]', '"2" instead of "," or "]"', '1:13'],
    ['{"a": {"b": 1} "c"}', 'a string instead of "," or "}"', '1:16'],
    ['[1}', '"}" instead of "," or "]"', '1:3'],
    ['{"a": 1]', '"]" instead of "," or "}"', '1:8'],
    ['{"a" 1}', '"1" instead of ":"', '1:6'],
    ['{"a": }', '"}" instead of a value', '1:7'],
    ['{1: 2}', '"1" instead of a key in double quotes or "}"', '1:2'],
    ["{'a': 1}", `"'" instead of a key in double quotes or "}"`, '1:2'],
    ['{"a": 1, b: 2}', '"b" instead of a key in double quotes', '1:10'],
    ['[NaN]', '"NaN" instead of a value or "]"', '1:2'],
    ['[-Infinity]', '"-Infinity" instead of a value or "]"', '1:2'],
    ['[nullx]', '"nullx" instead of a value or "]"', '1:2'],
    ['[01]', '"01" instead of a value or "]"', '1:2'],
    ['[1.]', '"1." instead of a value or "]"', '1:2'],
    ['[1e]', '"1e" instead of a value or "]"', '1:2'],
    [`[${'x'.repeat(30)}]`, `"${'x'.repeat(20)}" instead of a value or "]"`, '1:2'],
    ['[\u201ca\u201d]', 'U+201C instead of a value or "]"', '1:2'],
    ['[\u00a01]', 'U+00A0 instead of a value or "]"', '1:2'],
    ['[\u{1f600}]', 'U+1F600 instead of a value or "]"', '1:2'],
    ['\u001b[2J', 'U+001B instead of a value', '1:1'],
    ['["a\nb"]', 'a string that has a wrong escape or no end on its line instead of a value or "]"', '1:2'],
    ['["a\\x"]', 'a string that has a wrong escape or no end on its line instead of a value or "]"', '1:2'],
    ['["\\u12G4"]', 'a string that has a wrong escape or no end on its line instead of a value or "]"', '1:2'],
    ['["ok\\u00e9\\/", "\t"]', 'a string that has a wrong escape or no end on its line instead of a value', '1:16'],
    ['{"a": "x", "b": [0, -0.5e+3, true, null], "c": {"d": "\\\\"} ;}', '";" instead of "," or "}"', '1:60'],
  ];
  for (const [text, problem, place] of problems) {
    it(`is refused where it is not valid: ${JSON.stringify(text)}`, () => {
      const [line, column] = place.split(':').map(Number);
      assert.deepEqual(parseJson(text), { ok: false, problem: `expected JSON, got ${problem}`, line, column });
    });
  }

  it('is refused in no time, however long and hostile', () => {
    const strings = parseJson(`["${'\\"'.repeat(1_000_000)}`);
    const brackets = parseJson('['.repeat(1_000_000));
    const long = parseJson(`["${'\\n'.repeat(1_000_000)}", 1234567890123456789012]`);
    assert.deepEqual([strings.ok, brackets.ok, long.ok], [false, false, true]);
  });
});
