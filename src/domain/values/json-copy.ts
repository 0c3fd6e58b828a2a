/**
 * This module copies what a caller's code gives, as JSON would represent it. It names by its path what JSON would lose,
 * change or refuse.
 */
import { type JsonProblem, pathOf, shorten, shown, typeName } from './json.js';
import { LEVELS } from './serializable.js';

export type JsonCopy =
  { readonly ok: true; readonly value: unknown } | ({ readonly ok: false; readonly cause?: unknown } & JsonProblem);

/**
 * Copies a value with JSON's own meaning: `toJSON` is called, and undefined is left out. Nesting ends where
 * `serializable` ends it, for the plan to name the intent.
 * @returns the first problem instead, if there is one.
 */
export function jsonCopy(value: unknown): JsonCopy {
  const copier = new Copier();
  try {
    return { ok: true, value: copier.copy('', value) };
  } catch (error) {
    const path = pathOf(copier.path);
    if (error instanceof NotJson) return { ok: false, path, problem: error.message };
    // A getter or a `toJSON` of the caller has thrown.
    const problem = `expected ${VALUE}, got an error: ${shorten(error instanceof Error ? error.message : String(error))}`;
    return { ok: false, path, problem, cause: error };
  }
}

const VALUE = 'a value JSON can represent';

/** Tags of objects whose content JSON does not see; it would print the fields beside that. */
const WANTED: ReadonlyMap<string, string> = new Map([
  ['Map', 'a plain object'],
  ['Set', 'an array'],
  ['Promise', 'a value that was awaited'],
  ['Error', VALUE],
  ['RegExp', VALUE],
]);

/** This error ends a copy at the value that JSON cannot represent. */
class NotJson extends Error {
  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`);
  }
}

class Copier {
  /** The keys that lead to the value being copied; after an error, to the value at fault. */
  readonly path: PropertyKey[] = [];
  /** The objects that the value is in. */
  readonly #holders: object[] = [];

  copy(key: PropertyKey, given: unknown): unknown {
    const value = unboxed(fromToJson(key, given));
    switch (typeof value) {
      case 'number':
        if (!Number.isFinite(value)) throw new NotJson('a finite number', shown(value));
        return value;
      case 'bigint':
        throw new NotJson('a number, or text with the digits', `bigint ${shorten(String(value))}`);
      case 'function':
      case 'symbol':
        throw new NotJson(VALUE, typeof value);
      case 'object':
        return value === null ? null : this.#objectOf(value);
      default:
        return value;
    }
  }

  #objectOf(value: object): unknown {
    if (this.#holders.includes(value))
      throw new NotJson('a value without a cycle', `${typeName(value)} inside of itself`);
    if (this.#holders.length === LEVELS) return null;
    const isArray = Array.isArray(value);
    const keys = isArray ? [...value.keys()] : Object.keys(value);
    if (!isArray) checkContent(value, keys.length);
    this.#holders.push(value);
    const entries = keys.map((key) => {
      this.path.push(key);
      const item = this.copy(key, Reflect.get(value, key));
      this.path.pop();
      return [key, item] as const;
    });
    this.#holders.pop();
    if (isArray) return entries.map(([, item]) => item ?? null);
    // `fromEntries` makes even `__proto__` a key, for the plan to name it.
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
  }
}

/** The types of values whose `toJSON` JSON calls. */
const HAVING_TO_JSON = new Set(['object', 'function', 'bigint']);

/** Returns what `toJSON` makes of an object, or of a bigint where the caller has given BigInt that method. */
function fromToJson(key: PropertyKey, value: unknown): unknown {
  if (value === null || !HAVING_TO_JSON.has(typeof value)) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON !== 'function') return value;
  const json: unknown = Reflect.apply(toJSON, value, [String(key)]);
  // A time that is not valid prints null, and null is absent.
  if (json === null && Number.isNaN((value as object).valueOf()))
    throw new NotJson('a valid time', `invalid ${nameOf(value as object)}`);
  return json;
}

const unboxed = (value: unknown): unknown =>
  value instanceof Number || value instanceof String || value instanceof Boolean ? value.valueOf() : value;

/** @throws NotJson for an object that JSON would print without its content, such as a Map. */
function checkContent(value: object, fields: number): void {
  if (isPlain(value)) return;
  const wanted = WANTED.get(Object.prototype.toString.call(value).slice(8, -1));
  if (wanted !== undefined || fields === 0) throw new NotJson(wanted ?? VALUE, nameOf(value));
}

/** Returns whether an object is of no class, in whatever realm it was made: tests run in realms of their own. */
function isPlain(value: object): boolean {
  const prototype = Reflect.getPrototypeOf(value);
  return prototype === null || Reflect.getPrototypeOf(prototype) === null;
}

/** Returns the name of an object's class. */
function nameOf(value: object): string {
  const { constructor } = value as { readonly constructor?: { readonly name?: unknown } };
  return typeof constructor?.name === 'string' && constructor.name !== '' ? shorten(constructor.name) : typeof value;
}
