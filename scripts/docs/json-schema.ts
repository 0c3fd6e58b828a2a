/** This module makes the JSON Schema of a zod schema, and says its types in words. */
import { z } from 'zod';
import { alternatives, code, number } from './markdown.js';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** A direction is `input`, what a caller may send, or `output`, what it gets. */
export type Direction = 'input' | 'output';

export const jsonSchemaOf = (schema: z.core.$ZodType, io: Direction): JsonSchema => z.toJSONSchema(schema, { io });

/** Returns the schema of a value that is not null, and whether it may be null. */
export function withoutNull(schema: JsonSchema): { readonly inner: JsonSchema; readonly nullable: boolean } {
  const [inner, ...rest] = (schema.anyOf ?? []).filter(({ type }) => type !== 'null');
  if (inner !== undefined && rest.length === 0) return { inner, nullable: true };
  if (!Array.isArray(schema.type)) return { inner: schema, nullable: false };
  const [type] = (schema.type as string[]).filter((one) => one !== 'null');
  return { inner: { ...schema, type: type as 'string' }, nullable: true };
}

/** Returns the type with its bounds, such as `whole number, 1 to 500`. */
export function typeInWords(schema: JsonSchema): string {
  const { inner, nullable } = withoutNull(schema);
  return `${plainType(inner)}${nullable ? ', or null' : ''}`;
}

function plainType(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum !== undefined) return enumeration(schema.enum.map(String));
  switch (schema.type) {
    case 'string':
      if (schema.format === 'uuid') return 'UUID';
      if (schema.format === 'date-time') return 'time';
      return bounded('text', schema.minLength, schema.maxLength, ' characters');
    case 'integer':
      return isWhole(schema) ? 'whole number' : bounded('whole number', schema.minimum, schema.maximum);
    case 'number':
      return typeof schema.exclusiveMinimum === 'number'
        ? bounded(`number above ${number(schema.exclusiveMinimum)}`, undefined, schema.maximum)
        : bounded('number', schema.minimum, schema.maximum);
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return bounded(`list of ${elementType(schema)}`, schema.minItems, schema.maxItems);
    case 'object':
      return isRecord(schema) ? `object of ${elementType(schema)} by name` : 'object';
    default:
      return 'any JSON';
  }
}

/** The most words that a cell has room for. Only the event types are more, and they have a section of the page. */
const MOST_WORDS = 8;

const enumeration = (words: readonly string[]): string =>
  words.length > MOST_WORDS ? `one of the [event types](#event-types)` : alternatives(words);

/** Returns whether the schema allows any whole number that JSON can represent. */
const isWhole = ({ minimum, maximum }: JsonSchema): boolean =>
  minimum === Number.MIN_SAFE_INTEGER && maximum === Number.MAX_SAFE_INTEGER;

/** Returns whether an object has names of the caller's, and none of ours. */
const isRecord = (schema: JsonSchema): boolean =>
  schema.properties === undefined && typeof schema.additionalProperties === 'object';

/** Returns whether an object has names of ours. */
export const hasFields = (schema: JsonSchema | undefined): boolean => Object.keys(schema?.properties ?? {}).length > 0;

/** Returns the schema of the elements of a list, or of the values of a record. */
export const elementOf = (schema: JsonSchema): JsonSchema | undefined => {
  const element = schema.type === 'array' ? schema.items : schema.additionalProperties;
  return typeof element === 'object' && !Array.isArray(element) ? element : undefined;
};

function elementType(schema: JsonSchema): string {
  const element = elementOf(schema);
  if (element === undefined) return 'any JSON';
  if (element.type === 'object') return 'objects';
  if (element.type === 'string' && element.enum === undefined) return element.format === 'uuid' ? 'UUIDs' : 'texts';
  return element.type === 'integer' ? 'whole numbers' : typeInWords(element);
}

function bounded(name: string, least: number | undefined, most: number | undefined, unit = ''): string {
  if (least !== undefined && most !== undefined) return `${name}, ${number(least)} to ${number(most)}${unit}`;
  if (least !== undefined) return `${name}, at least ${number(least)}${unit}`;
  return most === undefined ? name : `${name}, at most ${number(most)}${unit}`;
}
