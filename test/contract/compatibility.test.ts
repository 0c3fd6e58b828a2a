/** These tests are the gate of the contract: what the last release accepted, this version accepts. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { z } from 'zod';
import { type Contract, narrowings, refusals } from '../../scripts/contract/compatibility.js';
import { currentContract, RELEASED, releasedContract, releaseText } from '../../scripts/contract/released.js';
import type { JsonSchema } from '../../src/contract/json-schema.js';

const contract = (io: 'input' | 'output', schema: z.ZodType): Contract => ({
  it: { io, schema: z.toJSONSchema(schema, { io }) },
});
const input = (before: z.ZodType, after: z.ZodType) => narrowings(contract('input', before), contract('input', after));
const output = (before: z.ZodType, after: z.ZodType) =>
  narrowings(contract('output', before), contract('output', after));

describe('the contract', () => {
  it('accepts all that the last release accepted, and says nothing that its readers refuse', async () => {
    const { schemas } = await releasedContract();
    assert.ok(Object.keys(schemas).length > 20);
    const broken = narrowings(schemas, currentContract());
    assert.deepEqual(broken, [], 'a break that is meant is accepted by `npm run release:contract`');
  });

  it('of the last release is stored as the command stores it', async () => {
    assert.equal(releaseText(await releasedContract()), await readFile(RELEASED, 'utf8'));
  });
});

describe('a later schema of an input', () => {
  const before = z.strictObject({ a: z.string().max(5), b: z.enum(['x', 'y']).nullish(), c: z.array(z.int()) });

  it('may be the same, or accept more', () => {
    assert.deepEqual(input(before, before), []);
    const wider = z.looseObject({
      a: z.union([z.string().max(6), z.int()]),
      b: z.enum(['x', 'y', 'z']).nullish(),
      c: z.array(z.number()).optional(),
      d: z.string().optional(),
    });
    assert.deepEqual(input(before, wider), []);
  });

  for (const [what, after, found] of [
    ['a shorter text', before.extend({ a: z.string().max(4) }), 'it.a: maxLength is 4, and was 5'],
    ['a longer least', before.extend({ a: z.string().min(1).max(5) }), 'it.a: minLength is 1, and was none'],
    ['a pattern', before.extend({ a: z.string().max(5).regex(/a/) }), 'it.a: pattern is a, and was none'],
    ['another type', before.extend({ a: z.int() }), 'it.a: integer is accepted, not string'],
    ['a word less', before.extend({ b: z.enum(['x']).nullish() }), 'it.b: y is not accepted'],
    ['no null', before.extend({ b: z.enum(['x', 'y']).optional() }), 'it.b: string is accepted, not null'],
    ['a field more that is required', before.extend({ d: z.string() }), 'it.d: it is required'],
    ['no such field', before.omit({ b: true }), 'it.b: it is not accepted'],
    ['another element', before.extend({ c: z.array(z.string()) }), 'it.c[]: string is accepted, not integer'],
    ['fewer elements', before.extend({ c: z.array(z.int()).max(3) }), 'it.c: maxItems is 3, and was none'],
  ] as const) {
    it(`may not have ${what}`, () => assert.deepEqual(input(before, after)[0], found));
  }

  it('may not give a type to a field that was free', () => {
    assert.deepEqual(input(z.looseObject({}), z.looseObject({ a: z.int().optional() })), [
      'it.a: integer is accepted, not any JSON',
    ]);
  });

  it('may not be another direction, or gone', () => {
    const schemas = contract('input', before);
    assert.deepEqual(narrowings(schemas, {}), ['it: the schema is gone']);
    assert.deepEqual(narrowings(schemas, contract('output', before)), ['it: the schema was an input']);
  });

  it('is not judged by a keyword that nobody has thought of', () => {
    const negated: Contract = { it: { io: 'input', schema: { not: { type: 'string' } } } };
    assert.deepEqual(narrowings(contract('input', before), negated), ['it: not cannot be compared']);
  });

  it('is judged in its definitions and in names of records', () => {
    const named = z.object({ a: z.string() }).meta({ id: 'CompatibilityNamed' });
    assert.deepEqual(input(z.array(named), z.array(named)), []);
    assert.deepEqual(input(z.array(z.object({ a: z.int() })), z.array(named)), [
      'it[].a: string is accepted, not integer',
    ]);
    const record = z.record(z.string(), z.int());
    assert.deepEqual(input(record, z.record(z.string().max(3), z.int())), [
      'it, names: maxLength is 3, and was none',
    ]);
    assert.deepEqual(input(record, z.record(z.string(), z.int().min(0))), [
      'it.*: minimum is 0, and was -9007199254740991',
    ]);
  });
});

describe('a later schema of an output', () => {
  const open = (shape: z.ZodRawShape) => z.object(shape);
  const before = open({ a: z.string(), b: z.enum(['x', 'y']) });
  /** Our schemas of outputs are open: readers let further fields pass. */
  const opened = (schema: z.ZodType): Contract => {
    const [[, { schema: made }]] = Object.entries(contract('output', schema)) as [[string, Contract[string]]];
    const rest = { ...made };
    delete rest.additionalProperties;
    return { it: { io: 'output', schema: rest } };
  };

  it('may have further fields', () => {
    assert.deepEqual(narrowings(opened(before), opened(open({ ...before.shape, c: z.int() }))), []);
  });

  it('may not lose a field, have another type, or a word more', () => {
    assert.deepEqual(output(before, open({ b: before.shape['b']! })), ['it.a: it is required']);
    assert.deepEqual(output(before, open({ ...before.shape, a: z.int() })), ['it.a: string is accepted, not integer']);
    assert.deepEqual(output(before, open({ ...before.shape, b: z.enum(['x', 'y', 'z']) })), [
      'it.b: z is not accepted',
    ]);
  });
});

describe('a schema that is said to accept all of another', () => {
  const leaf = fc.oneof(
    fc.record({ type: fc.constant('string'), maxLength: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: -2, max: 2 }) }),
    fc.constantFrom({ type: 'null' }, { type: 'number' }, {}, { type: 'string', enum: ['a', 'b'] }),
  );
  const { schema } = fc.letrec<{ schema: object }>((tie) => ({
    schema: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
      fc.record({
        type: fc.constant('object'),
        properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema')),
        required: fc.uniqueArray(fc.constantFrom('a', 'b')),
        additionalProperties: fc.boolean(),
      }),
    ),
  }));
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(null, 'a', 'bb', 'cccc', -3, -1, 0, 2, 1.5),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value')),
    ),
  })).value;

  it('does accept it, whatever the value', () => {
    const ajv = new Ajv2020({ validateFormats: false, strict: false });
    let accepted = 0;
    fc.assert(
      fc.property(schema, schema, fc.array(value, { minLength: 10, maxLength: 10 }), (one, other, values) => {
        if (refusals(one as JsonSchema, other as JsonSchema, '').length > 0) return;
        for (const given of values) {
          if (!ajv.validate(one, given)) continue;
          accepted += 1;
          assert.ok(ajv.validate(other, given), JSON.stringify(given));
        }
      }),
      { numRuns: 1_000 },
    );
    assert.ok(accepted > 20, `only ${accepted} values were compared`);
  });
});
