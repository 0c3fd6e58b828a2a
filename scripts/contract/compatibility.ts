/**
 * This module compares two versions of the contract. A later version accepts every input that the earlier one accepted.
 * It makes no output that readers of the earlier one would refuse.
 */
import type { ContractSchema } from '../../src/contract/schemas.js';
import type { JsonSchema } from '../../src/contract/json-schema.js';

type Schema = JsonSchema;
type Field = Schema | boolean;

/** A contract is its schemas by name, each with its direction. */
export type Contract = Readonly<Record<string, { readonly io: ContractSchema['io']; readonly schema: Schema }>>;

/** Returns in words what the contract `after` refuses of what `before` accepted. */
export function narrowings(before: Contract, after: Contract): string[] {
  return Object.entries(before).flatMap(([name, { io, schema }]) => {
    const later = after[name];
    if (later === undefined) return [`${name}: the schema is gone`];
    if (later.io !== io) return [`${name}: the schema was an ${io}`];
    return io === 'input'
      ? refusals(dereferenced(schema), dereferenced(later.schema), name)
      : refusals(closed(dereferenced(later.schema)), dereferenced(schema), name);
  });
}

/** Returns a schema with its definitions where they are referred to. */
export const dereferenced = (schema: Schema): Schema =>
  mapped(schema, (one) => {
    const name = /^#\/\$defs\/(.+)$/.exec(one.$ref ?? '')?.[1];
    const definition = name === undefined ? undefined : schema.$defs?.[name];
    return typeof definition === 'object' ? definition : one;
  });

/** Returns a schema whose objects have the fields that it names and no other, which is what we make. */
export const closed = (schema: Schema): Schema =>
  mapped(schema, (one) =>
    one.properties !== undefined && one.additionalProperties === undefined
      ? { ...one, additionalProperties: false }
      : one,
  );

/** Replaces each schema of a tree, from the root on. */
function mapped(schema: Schema, change: (schema: Schema) => Schema): Schema {
  const changed = { ...change(schema) };
  delete changed.$defs;
  const below = (field: Field): Field => (typeof field === 'object' ? mapped(field, change) : field);
  const each = (fields: Readonly<Record<string, Field>>) =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, below(field)]));
  return {
    ...changed,
    ...(changed.properties === undefined ? {} : { properties: each(changed.properties) }),
    ...(changed.additionalProperties === undefined ? {} : { additionalProperties: below(changed.additionalProperties) }),
    ...(changed.propertyNames === undefined ? {} : { propertyNames: below(changed.propertyNames) }),
    ...(changed.items === undefined ? {} : { items: below(changed.items as Schema) }),
    ...(changed.anyOf === undefined ? {} : { anyOf: changed.anyOf.map((one) => mapped(one, change)) }),
  };
}

/** Returns why `acceptor` refuses values of the schema `values`; nothing where it accepts all of them. */
export function refusals(values: Schema, acceptor: Schema, path: string): string[] {
  const accepting = alternativesOf(acceptor);
  return alternativesOf(values).flatMap((one) => {
    const tries = accepting.map((other) => refusalsOfOne(one, other, path));
    return tries.find((found) => found.length === 0) ?? tries.sort((a, b) => a.length - b.length)[0] ?? [];
  });
}

function alternativesOf(schema: Schema): Schema[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(alternativesOf);
  if (!Array.isArray(schema.type)) return [schema];
  return (schema.type as NonNullable<Schema['type']>[]).map((type) => ({ ...schema, type }));
}

/** The keywords that are compared. A schema with another one is not judged. */
const COMPARED = new Set([
  ...['type', 'const', 'enum', 'pattern', 'format', 'properties', 'required', 'additionalProperties', 'propertyNames'],
  ...['items', 'minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'],
  ...['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'],
  ...['description', 'title', 'default', '$id', '$schema'],
]);

function refusalsOfOne(values: Schema, acceptor: Schema, path: string): string[] {
  const unknown = Object.keys(acceptor).filter((keyword) => !COMPARED.has(keyword));
  if (unknown.length > 0) return [`${path}: ${unknown.join(', ')} cannot be compared`];
  if (acceptor.type !== undefined && acceptor.type !== values.type && !isNumber(values, acceptor))
    return [`${path}: ${typeOf(acceptor)} is accepted, not ${typeOf(values)}`];
  return [
    ...refusedWords(values, acceptor, path),
    ...refusedBounds(values, acceptor, path),
    ...refusedFields(values, acceptor, path),
    ...below(values.items as Field | undefined, acceptor.items as Field | undefined, `${path}[]`),
  ];
}

const isNumber = (values: Schema, acceptor: Schema): boolean => values.type === 'integer' && acceptor.type === 'number';

const typeOf = ({ type }: Schema): string => String(type ?? "any JSON");

function refusedWords(values: Schema, acceptor: Schema, path: string): string[] {
  const accepted = wordsOf(acceptor);
  const given = wordsOf(values);
  if (accepted === undefined) return [];
  if (given === undefined) return [`${path}: only ${accepted.join(', ')} are accepted`];
  const refused = given.filter((word) => !accepted.includes(word));
  return refused.length === 0 ? [] : [`${path}: ${refused.join(', ')} is not accepted`];
}

const wordsOf = (schema: Schema): readonly unknown[] | undefined =>
  schema.const === undefined ? schema.enum : [schema.const];

function refusedBounds(values: Schema, acceptor: Schema, path: string): string[] {
  return Object.entries(acceptor).flatMap(([keyword, bound]) => {
    const given = values[keyword];
    if (holds(keyword, given, bound)) return [];
    return [`${path}: ${keyword} is ${String(bound)}, and was ${given === undefined ? 'none' : JSON.stringify(given)}`];
  });
}

/** Returns whether values within the bound `given` are within `bound`; true for a keyword that is no bound. */
function holds(keyword: string, given: unknown, bound: unknown): boolean {
  if (keyword === 'pattern' || keyword === 'format') return given === bound;
  if (!/^(exclusive)?(min|max)/i.test(keyword)) return true;
  if (typeof given !== 'number' || typeof bound !== 'number') return false;
  return /min/i.test(keyword) ? given >= bound : given <= bound;
}

function refusedFields(values: Schema, acceptor: Schema, path: string): string[] {
  if (values.type !== 'object') return [];
  const [given, accepted] = [values.properties ?? {}, acceptor.properties ?? {}];
  const required = (acceptor.required ?? []).filter((name) => !(values.required ?? []).includes(name));
  const names = new Set([...Object.keys(given), ...Object.keys(accepted)]);
  return [
    ...required.map((name) => `${path}.${name}: it is required`),
    ...[...names].flatMap((name) =>
      below(given[name] ?? values.additionalProperties, accepted[name] ?? acceptor.additionalProperties, `${path}.${name}`),
    ),
    ...below(values.additionalProperties, acceptor.additionalProperties, `${path}.*`),
    ...below(values.propertyNames ?? { type: 'string' }, acceptor.propertyNames, `${path}, names`),
  ];
}

/** Compares what stands below. An absent schema is any JSON; `false` is nothing at all. */
function below(values: Field = {}, acceptor: Field = {}, path: string): string[] {
  if (values === false || acceptor === true || isAny(acceptor)) return [];
  if (acceptor === false) return [`${path}: it is not accepted`];
  return refusals(values === true ? {} : values, acceptor, path);
}

const isAny = (field: Field): boolean => typeof field === 'object' && Object.keys(field).length === 0;
