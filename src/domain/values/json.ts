/**
 * This module makes the checks on raw JSON that no schema makes. They find what the stores could not keep, or what
 * would hurt on its way there.
 */
import { endOf, startOf } from './text.js';

/**
 * The problem with whole numbers beyond 2^53 - 1, which JSON's readers round: 9007199254740993 would be stored and
 * published as ...992.
 */
const UNSAFE_INTEGER = 'expected a whole number JSON can represent (up to 9007199254740991), got number';

/** The problem with numbers too large for a double, such as 1e400. `serializable` has made them the largest. */
const TOO_LARGE = `expected a number under ${Number.MAX_VALUE}, got number that is not`;

/**
 * The number from which JSON's writers print a double with an exponent. It is a float such as 6.02e23 then: `parseJson`
 * keeps whole numbers that were written in as many digits below it.
 */
const WITH_EXPONENT = 1e21;

/** Returns why a number would be another one behind JSON's readers; null when it would not. */
function numberProblem(value: number): string | null {
  const size = Math.abs(value);
  if (size >= Number.MAX_VALUE) return TOO_LARGE;
  return Number.isInteger(value) && size > Number.MAX_SAFE_INTEGER && size < WITH_EXPONENT ? UNSAFE_INTEGER : null;
}

export interface JsonProblem {
  readonly path: string;
  readonly problem: string;
}

/** Returns a path as one would write it in code: `a.b[3]["x y"]`. */
export const pathOf = (keys: readonly PropertyKey[]): string =>
  keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    const name = String(key);
    if (!/^[A-Za-z_][\w-]{0,79}$/.test(name)) return `${path}[${JSON.stringify(shorten(name))}]`;
    return path === '' ? name : `${path}.${name}`;
  }, '');

/** Keeps text from the outside short enough for an error message. */
export const shorten = (value: string, length = 80): string =>
  value.length <= length ? value : `${startOf(value, length)}… (${value.length} characters)`;

/**
 * Keeps a message short by its middle, `length` characters at most. The field stands at its beginning, and the value
 * found there at its end. Messages of JSON.parse quote halves of surrogate pairs, which no store takes.
 */
export function shortenMiddle(given: string, length: number): string {
  const message = given.toWellFormed();
  if (message.length <= length) return message;
  const start = Math.ceil((length - 1) / 2);
  return `${startOf(message, start)}…${endOf(message, length - 1 - start)}`;
}

/**
 * Shortens a text by the bytes of its JSON, in which a quotation mark takes two and a control character six. `by` is
 * `shorten` or `shortenMiddle`.
 */
export function shortenJson(
  value: string,
  bytes: number,
  by: (value: string, length: number) => string = shorten,
): string {
  let length = bytes;
  for (;;) {
    const text = by(value, length);
    const size = Buffer.byteLength(JSON.stringify(text));
    // The 30 bytes are room for what `shorten` says of the length, and for the quotation marks around.
    if (size <= bytes + 30) return text;
    length = Math.floor((length * bytes) / size);
  }
}

/** Returns the JSON type of a value, as an error message names it. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/** Bytes of a value's JSON in an error message. */
const SHOWN_BYTES = 80;

/**
 * Returns a value as an error message names it. That is its type, and the value where it is short: `string "NOPE"`,
 * `number 1.5`, `array`.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `string ${JSON.stringify(shortenJson(value, SHOWN_BYTES))}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value} ${value}`;
  return typeName(value);
}

/**
 * Finds the first part of `value` that the stores could not keep. That is nesting deeper than `depth`, a `__proto__`
 * key, a whole number that JSON's readers round, or a text that PostgreSQL refuses. A text is refused for a NUL (22P05)
 * or half of a surrogate pair (22P02). The walk has a stack of its own, so that hostile nesting cannot overflow ours.
 */
export function findJsonProblem(value: unknown, depth: number): JsonProblem | null {
  const stack: { value: unknown; keys: readonly PropertyKey[] }[] = [{ value, keys: [] }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value: current, keys } = next;
    if (typeof current === 'string') {
      const problem = textProblem(current);
      if (problem !== null) return { path: pathOf(keys), problem };
    } else if (typeof current === 'object' && current !== null) {
      if (keys.length >= depth) {
        const path = pathOf(keys.slice(0, 4));
        return { path: `${path}…`, problem: `expected at most ${depth} levels of nesting, got more` };
      }
      const entries: [PropertyKey, unknown][] = Array.isArray(current)
        ? current.map((item, index) => [index, item])
        : Object.entries(current);
      for (const [key, item] of entries) {
        const problem =
          (typeof key === 'string' ? keyProblem(key) : null) ?? (typeof item === 'number' ? numberProblem(item) : null);
        if (problem !== null) return { path: pathOf([...keys, key]), problem };
        // Other numbers, booleans and null are always fine: not queueing them halves the walk on real input.
        if (typeof item === 'string' || (typeof item === 'object' && item !== null)) {
          stack.push({ value: item, keys: [...keys, key] });
        }
      }
    }
  }
  return null;
}

/** Returns why PostgreSQL would refuse a text; null when it would not. */
export function textProblem(text: string): string | null {
  if (text.includes('\u0000')) return 'expected text without NUL characters (\\u0000), got string with one';
  if (!text.isWellFormed()) return 'expected well-formed Unicode, got string with half of a surrogate pair';
  return null;
}

function keyProblem(key: string): string | null {
  if (key === '__proto__') return 'expected another key: __proto__ is not allowed, got object with it';
  return textProblem(key);
}
