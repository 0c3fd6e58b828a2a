/**
 * This module reads points in time with PostgreSQL's precision: `Date` has milliseconds, timestamps of Python
 * microseconds.
 */

/**
 * Returns the microseconds since 1970 of an ISO 8601 time with offset; no time is older than any. Digits beyond the
 * sixth are cut.
 */
export function microseconds(iso: string | null | undefined): bigint {
  if (iso === null || iso === undefined) return OLDEST;
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? '';
  const seconds = BigInt(Math.floor(Date.parse(iso) / 1_000));
  return seconds * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

const OLDEST = -(2n ** 63n);

/** Returns SQL for a TIMESTAMPTZ as ISO 8601 in UTC with microseconds, whatever the session's time zone. */
export const isoUtc = (expression: string): string =>
  `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
