/**
 * This module reads points in time with PostgreSQL's precision: `Date` has milliseconds, timestamps of Python
 * microseconds.
 */

/** Returns the microseconds since 1970 of a time as `readTime` writes it; no time is older than any. */
export function microseconds(iso: string | null | undefined): bigint {
  if (iso === null || iso === undefined) return OLDEST;
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? '';
  const seconds = BigInt(Math.floor(Date.parse(iso) / 1_000));
  return seconds * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

const OLDEST = -(2n ** 63n);

/**
 * Returns SQL for a TIMESTAMPTZ as ISO 8601 in UTC with microseconds, whatever the session's time zone. As in ISO 8601
 * and Date, the year 0 is 1 BC, and years before it and after 9999 have a sign and six digits. Infinite times are
 * `infinity` and `-infinity`.
 */
export function isoUtc(expression: string): string {
  const utc = `(${expression}) AT TIME ZONE 'UTC'`;
  const year = `EXTRACT(YEAR FROM ${utc})`;
  return `CASE
    WHEN ${expression} >= '0001-01-01T00:00:00Z' AND ${expression} < '10000-01-01T00:00:00Z' THEN to_char(${utc}, 'YYYY${REST}')
    WHEN ${year} = -1 THEN to_char(${utc}, '"0000"${REST}')
    WHEN isfinite(${expression}) THEN to_char(${year} + (${year} < 0)::integer, 'SG000000') || to_char(${utc}, '${REST}')
    ELSE (${expression})::text END`;
}

/** The format of what follows the year. */
const REST = '-MM-DD"T"HH24:MI:SS.US"Z"';
