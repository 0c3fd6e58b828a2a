/** This module parses the values of options. */
import { InvalidArgumentError } from 'commander';
import { readTime, TIME_FORMS } from '../domain/values/time.js';

/** Returns a parser of whole numbers from 1, up to `most` where that is given. */
export const wholeNumber =
  (most = Number.MAX_SAFE_INTEGER) =>
  (value: string): number => {
    const number = Number(value);
    if (Number.isInteger(number) && number >= 1 && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? 'from 1' : `from 1 to ${most}`;
    throw new InvalidArgumentError(`expected a whole number ${range}`);
  };

/** Parses `30d`, `12h`, `2w` or `90m` into days. */
export function days(value: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(m|h|d|w)$/.exec(value) ?? [];
  const found = Number(amount) * (UNITS[unit ?? ''] ?? NaN);
  if (found > 0 && found <= MOST_DAYS) return found;
  throw new InvalidArgumentError(`expected a duration such as 30d, 12h or 2w, up to ${MOST_DAYS}d`);
}

/**
 * Parses the start of a time span: a time, or how long ago it was, as `30m`, `12h` or `7d`.
 * @returns the time as RFC 3339.
 */
export const since = (value: string): string =>
  isAgo(value) ? new Date(Date.now() - days(value) * DAY_MS).toISOString() : pastTime(value);

/** Parses the same into the days that have passed since then. */
export function daysSince(value: string): number {
  if (isAgo(value)) return days(value);
  const passed = (Date.now() - Date.parse(pastTime(value))) / DAY_MS;
  if (passed <= MOST_DAYS) return passed;
  throw new InvalidArgumentError(`expected a time of the last ${MOST_DAYS} days`);
}

const DAY_MS = 86_400_000;
const isAgo = (value: string): boolean => /^\d+[mhd]$/.test(value);

function pastTime(value: string): string {
  const time = readTime(value);
  if (time !== null && Date.parse(time) < Date.now()) return time;
  throw new InvalidArgumentError(`expected 30m, 12h or 7d (ago), or ${TIME_FORMS} that has passed`);
}

const UNITS: Readonly<Record<string, number>> = { m: 1 / 1_440, h: 1 / 24, d: 1, w: 7 };
/** The most days that `since_days` takes. */
const MOST_DAYS = 36_500;

/** Parses the number of a port; 0 stands for any free one. */
export function portNumber(value: string): number {
  const port = Number(value);
  if (/^\d+$/.test(value) && port <= 65_535) return port;
  throw new InvalidArgumentError('expected a port number from 0 to 65535');
}
