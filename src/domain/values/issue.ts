/** What is wrong with a value, in words: the field, what was expected and what was found there. */
import type { z } from 'zod';
import { pathOf, shorten, typeName } from './json.js';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `payload.aggregation_id: expected a UUID, got number`: the first issue, with the type of the value found there.
 * @param name of the root, for an issue with the root itself.
 */
export function describeIssue(
  error: z.ZodError,
  root: unknown,
  name: string,
  prefix: readonly PropertyKey[] = [],
): string {
  const issue = error.issues[0];
  if (issue === undefined) return `${name}: expected another value, got ${typeName(root)}`;
  let found = root;
  for (const key of issue.path) found = isObject(found) || Array.isArray(found) ? Reflect.get(found, key) : undefined;
  const path = pathOf([...prefix, ...issue.path]) || name;
  return `${path}: expected ${expectation(issue)}, got ${typeName(found)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int'
        ? 'a whole number JSON can carry (up to 9007199254740991)'
        : article(issue.expected);
    case 'invalid_format':
      return FORMATS[issue.format] ?? issue.format;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${unit(issue.origin)}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${String(issue.minimum)}${unit(issue.origin)}`;
    case 'unrecognized_keys':
      return `no unknown fields (${issue.keys.map((key) => shorten(key)).join(', ')})`;
    case 'invalid_key':
      return `a valid key (${issue.issues[0] === undefined ? issue.message : expectation(issue.issues[0])})`;
    default:
      return issue.message.replace(/^(?:Invalid input: )?expected /, '');
  }
}

const article = (noun: string): string => {
  if (noun === 'record') return 'an object';
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
};

const FORMATS: Readonly<Record<string, string>> = { guid: 'a UUID', datetime: 'an ISO 8601 time' };
const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' items' };

const unit = (origin: string): string => UNITS[origin] ?? '';
