/** These tests check that times keep PostgreSQL's precision, which is the microsecond. */
import assert from 'node:assert/strict';
import { isoUtc, microseconds } from '../../../src/postgres/core/instant.js';

describe('microseconds since 1970', () => {
  const rows: [string, bigint][] = [
    ['1970-01-01T00:00:00Z', 0n],
    ['1970-01-01T00:00:01.5Z', 1_500_000n],
    ['1970-01-01T00:00:01.000002Z', 1_000_002n],
    ['1970-01-01T01:00:00+01:00', 0n],
    ['1969-12-31T16:00:00.25-08:00', 250_000n],
    ['1969-12-31T23:59:59.5Z', -500_000n],
    ['1969-12-31T23:59:59.999999Z', -1n],
    ['2026-11-27T10:00:00.123456+00:00', 1_795_773_600_123_456n],
  ];
  for (const [iso, expected] of rows) {
    it(`of ${iso} are ${expected}`, () => {
      assert.equal(microseconds(iso), expected);
    });
  }

  it('of no time are fewer than those of any', () => {
    const oldest = microseconds('0001-01-01T00:00:00Z');
    assert.ok(microseconds(null) < oldest && microseconds(undefined) < oldest);
    assert.equal(microseconds(null), -(2n ** 63n), 'the least of a BIGINT');
  });
});

describe('the SQL of a time', () => {
  // PostgreSQL's reading of it is checked on the server (stored-times.test.ts).
  it('has a case for years of four digits, for the year 0, for others, and for infinite times', () => {
    const [utc, rest] = [`(at) AT TIME ZONE 'UTC'`, `-MM-DD"T"HH24:MI:SS.US"Z"`];
    const year = `EXTRACT(YEAR FROM ${utc})`;
    assert.deepEqual(
      isoUtc('at')
        .split('\n')
        .map((line) => line.trim()),
      [
        'CASE',
        `WHEN at >= '0001-01-01T00:00:00Z' AND at < '10000-01-01T00:00:00Z' THEN to_char(${utc}, 'YYYY${rest}')`,
        `WHEN ${year} = -1 THEN to_char(${utc}, '"0000"${rest}')`,
        `WHEN isfinite(at) THEN to_char(${year} + (${year} < 0)::integer, 'SG000000') || to_char(${utc}, '${rest}')`,
        'ELSE (at)::text END',
      ],
    );
  });
});
