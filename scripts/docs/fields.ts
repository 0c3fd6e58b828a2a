/** This module makes tables of fields from a zod schema. */
import type { z } from 'zod';
import {
  type Direction,
  elementOf,
  hasFields,
  type JsonSchema,
  jsonSchemaOf,
  typeInWords,
  withoutNull,
} from './json-schema.js';
import { code, table } from './markdown.js';

type Row = readonly [field: string, type: string, presence: string, meaning: string];

/**
 * Makes a table with a row for each field, and for those inside of it.
 * @throws Error for a field without a description.
 */
export function fieldTable(schema: z.core.$ZodType, io: Direction): string {
  const rows = rowsOf(jsonSchemaOf(schema, io), '', io, new Map());
  return table(['Field', 'Type', io === 'input' ? 'Required' : 'Present', 'Meaning'], rows);
}

/** Returns the description of a schema itself. */
export const descriptionOf = (schema: z.ZodType): string => schema.description ?? '';

/** @param seen objects that have had their rows, and the field that they stand for. */
function rowsOf(object: JsonSchema, prefix: string, io: Direction, seen: Map<string, string>): Row[] {
  const required = new Set(object.required ?? []);
  return Object.entries(object.properties ?? {}).flatMap(([name, field]) => {
    if (typeof field === 'boolean') throw new Error(`${prefix}${name}: its schema says nothing`);
    return rowsOfField(`${prefix}${name}`, field, presenceOf(field, required.has(name), io), io, seen);
  });
}

function rowsOfField(
  path: string,
  field: JsonSchema,
  presence: string,
  io: Direction,
  seen: Map<string, string>,
): Row[] {
  const { inner } = withoutNull(field);
  const { description: meaning } = field;
  if (meaning === undefined) throw new Error(`${path}: expected a description`);
  const element = elementOf(inner);
  const row: Row = [code(path), typeInWords(field), presence, meaning];
  if (!hasFields(inner) && !hasFields(element)) return [row];
  const [objects, at] = hasFields(inner)
    ? [inner, path]
    : [element ?? inner, inner.type === 'array' ? `${path}[]` : `${path}.*`];
  const key = JSON.stringify(objects);
  const before = seen.get(key);
  if (before !== undefined) return [[code(path), `${typeInWords(field)}, as ${code(before)}`, presence, meaning]];
  seen.set(key, at);
  const own = objects.description === undefined || objects.description === meaning ? '' : ` ${objects.description}`;
  return [[code(path), typeInWords(field), presence, meaning + own], ...rowsOf(objects, `${at}.`, io, seen)];
}

function presenceOf(field: JsonSchema, required: boolean, io: Direction): string {
  if (io === 'output') return required ? 'always' : 'at times';
  if (required) return 'yes';
  if (field.default === undefined) return 'no';
  return `no, default ${code(typeof field.default === 'string' ? field.default : JSON.stringify(field.default))}`;
}
