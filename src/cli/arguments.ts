/** This module parses the values of options. */
import { InvalidArgumentError } from 'commander';

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

const UNITS: Readonly<Record<string, number>> = { m: 1 / 1_440, h: 1 / 24, d: 1, w: 7 };
/** The most days that `since_days` takes. */
const MOST_DAYS = 36_500;
