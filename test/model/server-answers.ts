/** This module reads the answers that lists of the intake got: verdicts, and copies on the `.dlq` topic. */
import assert from 'node:assert/strict';
import type { Verdict } from '../../src/domain/intake/list.js';
import { resultIdOf } from '../../src/domain/values/ids.js';
import type { ReadEvent } from '../support/events.js';
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
  const rejections = (await readRecords({ brokers }, [`${topic}.dlq`])).map(({ raw }) => rejectionOf(raw.headers));
  return (of) =>
    new Set(
      rejections
        .filter(({ reason = '' }) => of.test(reason))
        .map(({ partition, offset }) => `${partition ?? ''}/${offset ?? ''}`),
    ).size;
}

/**
 * Asserts that each run of a list is told once, under an event id of its own. An unfinished list that was emitted again
 * has run again, and its result says since when.
 */
export function assertTold(events: readonly ReadEvent[], ids: readonly string[]): void {
  const told = new Map<string, Map<string, Set<string>>>();
  for (const { envelope: event } of events) {
    const id = event.causation_id ?? '';
    const runs = told.get(id) ?? new Map<string, Set<string>>();
    const payloads = runs.get(event.event_id) ?? new Set();
    told.set(id, runs.set(event.event_id, payloads.add(JSON.stringify(event.payload))));
  }
  for (const id of ids) {
    const runs = [...(told.get(id) ?? [])];
    for (const [eventId, { size }] of runs) assert.equal(size, 1, `${id} was told ${size} things as ${eventId}`);
    const results = runs.map(([eventId, [payload = '']]) => ({ eventId, ...(JSON.parse(payload) as Verdict) }));
    assert.equal(results.filter(({ rerun_at }) => rerun_at === undefined).length, 1, `${id}: its first run`);
    for (const { eventId, rerun_at } of results) assert.equal(eventId, resultIdOf(id, rerun_at));
    const finished = results.filter(({ outcome }) => outcome === 'completed').length;
    assert.ok(finished <= 1, `${id} was finished, and has run again`);
  }
}
