/** This module reads the answers that lists of the intake got: verdicts, and copies on the `.dlq` topic. */
import assert from 'node:assert/strict';
import type { Verdict } from '../../src/domain/intake/list.js';
import { until } from '../../src/flow-control/until.js';
import type { Pool } from 'pg';
import { readRecords } from '../support/records.js';
import { rejectionOf } from '../support/rejected.js';

export async function verdictsOf(pool: Pool, ids: readonly string[]): Promise<Map<string, Verdict>> {
  const { rows } = await pool.query<{ event_id: string; verdict: Verdict }>(
    'SELECT event_id, verdict FROM intake_verdicts WHERE event_id = ANY ($1)',
    [ids],
  );
  return new Map(rows.map(({ event_id, verdict }) => [event_id, verdict]));
}

/** Waits until each of the lists has a verdict. */
export const allAnswered = (pool: Pool, ids: readonly string[]): Promise<unknown> =>
  until(240_000, async () => {
    const query = 'SELECT FROM intake_verdicts WHERE event_id = ANY ($1)';
    assert.equal((await pool.query(query, [ids])).rowCount, new Set(ids).size);
  });

/** Returns a function that counts the messages of the topic with a copy for a reason. */
export async function copiesOf(brokers: readonly string[], topic: string): Promise<(reason: RegExp) => number> {
  const rejections = (await readRecords(brokers, [`${topic}.dlq`])).map(({ raw }) => rejectionOf(raw.headers));
  return (of) =>
    new Set(
      rejections
        .filter(({ reason = '' }) => of.test(reason))
        .map(({ partition, offset }) => `${partition ?? ''}/${offset ?? ''}`),
    ).size;
}
