/**
 * These tests check what is kept of an intent that is rejected. A report names it, fail-fast goes by its priority, and
 * the plan has to fit.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { jsonBytes } from '../../../src/domain/values/limits.js';
import { type DefinitionsByType, parseIntent, type RejectedIntent } from '../../../src/domain/intents/parse.js';
import { describeIssue } from '../../../src/domain/values/issue.js';
import { parseRequest } from '../../../src/domain/execution/request.js';
import { definitions } from '../../support/definitions.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

const refused = (raw: unknown, known: DefinitionsByType = definitions): RejectedIntent => {
  const parsed = parseIntent(raw, known);
  assert.ok(!parsed.ok, 'it is refused');
  return parsed;
};
const errorOf = (raw: unknown) => refused(raw).error;

describe('a refused intent', () => {
  it('keeps its priority: its own, its type’s, or none', () => {
    const bad = { ...recoverFsmStates(), target: 'nowhere' };
    assert.deepEqual(
      [{ ...bad, priority: -3 }, bad, { ...bad, priority: 1.5 }, { ...bad, intent_type: 'SendMail' }, 7].map(
        (raw) => refused(raw).priority,
      ),
      [-3, 2, 2, 0, 0],
    );
    const unsafe = { ...persistState(), priority: 2 ** 53 };
    assert.equal(refused(unsafe).priority, 1);
    // Zero is a priority too.
    assert.equal(refused({ ...bad, priority: 0 }).priority, 0);
  });

  it('keeps the caller’s id, where it is one', () => {
    const intent_id = randomUUID();
    const bad = { ...persistState(), target: 'nowhere' };
    assert.equal(refused({ ...bad, intent_id: intent_id.toUpperCase() }).intentId, intent_id);
    for (const none of [undefined, null, 7, 'x']) assert.equal(refused({ ...bad, intent_id: none }).intentId, null);
  });

  it('differs from others by what it would have done, or by what is wrong with it', () => {
    const bad = { ...persistState(), target: 'nowhere' };
    assert.equal(refused(bad).hash, refused({ ...bad, target: 'elsewhere' }).hash);
    assert.notEqual(refused(bad).hash, refused({ ...bad, payload: { other: 1 } }).hash);
    assert.notEqual(refused(bad).hash, refused({ ...bad, intent_type: 'PublishEvent' }).hash);
    const nul = (field: string) => refused(publishEvent({ [field]: '\u0000' })).hash;
    assert.equal(nul('a'), nul('a'));
    assert.notEqual(nul('a'), nul('b'));
  });

  it('has a type and an error that fit the plan, whatever was sent', () => {
    const huge = refused({ intent_type: '"'.repeat(5_000), payload: {}, target: 'x' });
    assert.ok(jsonBytes(huge.intentType) <= 130 && jsonBytes(huge.error) <= 530);
    assert.match(huge.intentType, /^"+… \(5000 characters\)$/);
    assert.deepEqual([refused({}).intentType, refused({ intent_type: 7 }).intentType], ['unknown', 'unknown']);
    const long = errorOf({ ...persistState(), target: 't'.repeat(5_000) });
    assert.match(long, /^target: expected "store_effect" for PersistState, got string "t{80}… \(5000 characters\)"$/);
    const unknown = errorOf({ ...persistState(), intent_type: 't'.repeat(5_000) });
    assert.match(unknown, /, got string "t{80}… \(5000 characters\)"$/);
    assert.match(unknown, /one of \w+, \w+, \w+, \w+, got/);
  });

  it('is one byte too large, and not one that just fits', () => {
    const raw = publishEvent({ event_type: 'NODE_HEARTBEAT' });
    const definition = definitions.get('PublishEvent');
    assert.ok(definition);
    const upTo = (bytes: number): DefinitionsByType =>
      new Map([['PublishEvent', { ...definition, limits: { count: 1, bytes } }]]);
    const bytes = jsonBytes(raw);
    const taken = parseIntent(raw, upTo(bytes));
    assert.ok(taken.ok);
    assert.deepEqual([taken.bytes, taken.intentId, taken.priority], [bytes, null, 0]);
    assert.equal(
      refused(raw, upTo(bytes - 1)).error,
      `payload: expected at most ${bytes - 1} bytes of JSON, got object of ${bytes} bytes`,
    );
  });

  for (const [what, raw, error] of [
    ['no target', { ...persistState(), target: 7 }, 'target: expected a string, got number 7'],
    ['no payload', { ...persistState(), payload: undefined }, 'payload: expected an object, got nothing'],
    [
      'nothing where something more should be',
      recoverFsmStates({ since_days: 0 }),
      'payload.since_days: expected more than 0, got number 0',
    ],
    ['no state of a list', recoverFsmStates({ states: [] }), 'payload.states: expected at least 1 items, got array'],
    ['a page of none', recoverFsmStates({ limit: 0 }), 'payload.limit: expected at least 1, got number 0'],
    [
      'a page of a part',
      recoverFsmStates({ limit: 1.5 }),
      'payload.limit: expected a whole number JSON can represent (up to 9007199254740991), got number 1.5',
    ],
    [
      'what is inside a list',
      persistFsmTransition({ transition_history: [{}, { trigger: 7 as never }] }),
      'payload.transition_history[1].trigger: expected a string, got number 7',
    ],
    [
      'a list for an object',
      persistState({ aggregated_data: [] as never }),
      'payload.aggregated_data: expected an object, got array',
    ],
    [
      'no list',
      persistFsmTransition({ transition_history: {} as never }),
      'payload.transition_history: expected an array, got object',
    ],
    ['no UUID', persistState({ aggregation_id: 'x' }), 'payload.aggregation_id: expected a UUID, got string "x"'],
  ] as [string, unknown, string][]) {
    it(`names what is wrong: ${what}`, () => {
      assert.equal(errorOf(raw), error);
    });
  }
});

describe('a refusal', () => {
  const describe_ = (schema: z.ZodType, value: unknown, prefix?: string[]) => {
    const { error } = schema.safeParse(value);
    assert.ok(error);
    return describeIssue(error, value, 'intent', prefix);
  };

  it('names the path and what is there, as far as anything is', () => {
    const schema = z.object({ a: z.object({ b: z.array(z.object({ c: z.string() })) }) });
    assert.equal(describe_(schema, { a: { b: [{ c: 'x' }, { c: 7 }] } }), 'a.b[1].c: expected a string, got number 7');
    assert.equal(describe_(schema, { a: 'x' }, ['payload']), 'payload.a: expected an object, got string "x"');
    assert.equal(describe_(schema, 7), 'intent: expected an object, got number 7');
    // The path leads into a text, where there is no value.
    const error = new z.ZodError([{ code: 'custom', path: ['a', 'length'], message: 'expected more', input: 'x' }]);
    assert.equal(describeIssue(error, { a: 'x' }, 'intent'), 'a.length: expected more, got nothing');
    assert.equal(describeIssue(new z.ZodError([]), {}, 'input'), 'input: expected another value, got object');
  });

  it('says what was expected in words of its own, and else in those of the schema', () => {
    assert.equal(describe_(z.email(), 'x'), 'intent: expected email, got string "x"');
    assert.equal(describe_(z.set(z.string()), 7), 'intent: expected a set, got number 7');
    assert.equal(describe_(z.record(z.string(), z.int()), []), 'intent: expected an object, got array');
    assert.equal(describe_(z.number().lt(5), 5), 'intent: expected at most 5, got number 5');
    assert.equal(describe_(z.array(z.int()).max(1), [1, 2]), 'intent: expected at most 1 items, got array');
    assert.equal(
      describe_(
        z.record(
          z.string().refine(() => false, 'expected no key'),
          z.int(),
        ),
        { a: 1 },
      ),
      'a: expected a valid key (no key), got string "a"',
    );
    const keyless = new z.ZodError([
      { code: 'invalid_key', origin: 'record', issues: [], path: ['a'], message: 'Invalid key', input: {} },
    ]);
    assert.equal(describeIssue(keyless, { a: 1 }, 'intent'), 'a: expected a valid key (Invalid key), got string "a"');
    assert.match(describe_(z.union([z.string(), z.int()]), {}), /^intent: expected .+, got object$/);
    assert.equal(
      describe_(
        z.any().refine(() => false, 'Invalid input: expected rain'),
        1,
      ),
      'intent: expected rain, got number 1',
    );
    assert.equal(
      describe_(
        z.any().refine(() => false, 'not expected here'),
        1,
      ),
      'intent: expected not expected here, got number 1',
    );
  });

  it('says what a value is, whatever was expected of it', () => {
    const refusing = z.any().refine(() => false, 'expected another');
    for (const [value, what] of [
      ['x', 'string "x"'],
      ['a "b"\n', 'string "a \\"b\\"\\n"'],
      [false, 'boolean false'],
      [-1.5, 'number -1.5'],
      [null, 'null'],
      [[], 'array'],
      [{}, 'object'],
      ['é'.repeat(41), `string "${'é'.repeat(41)}"`],
      ['é'.repeat(400), `string "${'é'.repeat(35)}… (400 characters)"`],
    ] as const) {
      assert.equal(describe_(refusing, value), `intent: expected another, got ${what}`);
    }
    const text = z.string().regex(/^a$/, 'expected the letter a');
    assert.equal(describe_(text, 'b'), 'intent: expected the letter a, got string "b"');
  });

  it('of a request names a few unknown fields, and counts the rest', () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`${'k'.repeat(100)}${n}`, 1]));
    const name = `["${'k'.repeat(80)}… (101 characters)"]`;
    assert.throws(() => parseRequest({ intents: [], ...many }), {
      message: `input: expected no unknown fields (${name}, ${name}, ${name} and 57 more), got object`,
    });
    assert.throws(() => parseRequest({ intents: [], a: 1, b: 2, c: 3 }), {
      message: 'input: expected no unknown fields (a, b, c), got object',
    });
  });

  it('is cut in its middle where it is long, so that field and value stay', () => {
    const field = 'f'.repeat(80);
    const nested = (levels: number): unknown => (levels === 0 ? '\ud800' : { [field]: nested(levels - 1) });
    const error = errorOf(publishEvent({ deep: nested(20) }));
    assert.ok(jsonBytes(error) <= 530, error);
    assert.match(error, /^payload\.deep\.f+/);
    assert.match(error, /f: expected well-formed Unicode, got string with half of a surrogate pair$/);
  });
});
