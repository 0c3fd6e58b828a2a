/** An issue says in words what is wrong with a value: the field, what was expected and what was found there. */
import type { z } from 'zod';
import { pathOf, shown } from './json.js';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Describes the first issue, with what was found there: `payload.aggregation_id: expected a UUID, got string "x"`.
 * @param name the name of the root, for an issue with the root itself.
 */
export function describeIssue(
  error: z.ZodError,
  root: unknown,
  name: string,
  prefix: readonly PropertyKey[] = [],
): string {
  const [issue] = error.issues;
  return issue === undefined
    ? `${name}: expected another value, got ${shown(root)}`
    : issueInWords(issue, root, name, prefix);
}

/** Describes one issue in the same way. */
export function issueInWords(
  issue: z.core.$ZodIssue,
  root: unknown,
  name: string,
  prefix: readonly PropertyKey[] = [],
): string {
  const path = pathOf([...prefix, ...issue.path]) || name;
  return `${path}: expected ${expectation(issue)}, got ${shown(foundBy(issue, root))}`;
}

/** Returns the value at fault: the one at the end of the path or, for an invalid key, the key. */
function foundBy({ code, path }: z.core.$ZodIssue, root: unknown): unknown {
  if (code === 'invalid_key') return path.at(-1);
  let found = root;
  for (const key of path) found = isObject(found) || Array.isArray(found) ? Reflect.get(found, key) : undefined;
  return found;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      // A schema's own words say more than the type: a time that is a number gets the forms of times.
      if (!issue.message.startsWith('Invalid input')) return issue.message;
      return issue.expected === 'int'
        ? 'a whole number JSON can represent (up to 9007199254740991)'
        : article(issue.expected);
    case 'invalid_format':
      return FORMATS[issue.format] ?? (issue.format === 'regex' ? messageOf(issue) : issue.format);
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${unit(issue.origin)}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${String(issue.minimum)}${unit(issue.origin)}`;
    case 'unrecognized_keys':
      return `no unknown fields (${fewOf(issue.keys)})`;
    case 'invalid_key':
      return `a valid key (${issue.issues[0] === undefined ? issue.message : expectation(issue.issues[0])})`;
    default:
      return messageOf(issue);
  }
}

/** The most names in a message. The rest is counted, so that the value found is not cut off. */
const MOST_NAMES = 3;

function fewOf(names: readonly string[]): string {
  const few = names
    .slice(0, MOST_NAMES)
    .map((name) => pathOf([name]))
    .join(', ');
  return names.length > MOST_NAMES ? `${few} and ${names.length - MOST_NAMES} more` : few;
}

/** Returns the schema's own message, as the end of our sentence. */
const messageOf = ({ message }: z.core.$ZodIssue): string => message.replace(/^(?:Invalid input: )?expected /, '');

const article = (noun: string): string => {
  if (noun === 'record') return 'an object';
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
};

const FORMATS: Readonly<Record<string, string>> = { guid: 'a UUID', datetime: 'an ISO 8601 time' };
const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' items' };

const unit = (origin: string): string => UNITS[origin] ?? '';
