/** This module finds emitted lists for an operator: by event id, or by the request id that their sender has given. */
import type { Verdict } from '../../domain/intake/list.js';
import { isoUtc } from '../core/instant.js';
import { type Pool, withConnection } from '../core/pool.js';

/** An emitted list has its verdict, or waits. */
export type EmittedList =
  | { readonly verdict: Verdict }
  | {
      readonly event_id: string;
      /** The partition of the list, by the workflow id of its slices. */
      readonly partition: string;
      /** The time at which the list was parked, ISO 8601. */
      readonly parked_at: string;
    };

/** The most lists of one request id that are of interest: who sends more of them has no name for one. */
const MOST_LISTS = 10;

/** @returns the lists that have the id, those that wait first, then the newest; at most ten. */
export async function findEmitted(pool: Pool, id: string): Promise<readonly EmittedList[]> {
  const find = <Row extends object>(statement: string): Promise<readonly Row[]> =>
    withConnection(pool, async (connection) => {
      const { rows } = await connection.query<Row>(`${statement} LIMIT ${MOST_LISTS}`, [id.toLowerCase(), id]);
      return rows;
    });
  const parked = await find<Exclude<EmittedList, { readonly verdict: Verdict }>>(
    `SELECT event_id, partition, ${isoUtc('parked_at')} AS parked_at FROM intake_parked
     WHERE event_id = $1 OR request_id = $2 ORDER BY seq`,
  );
  const answered = await find<{ readonly verdict: Verdict }>(
    'SELECT verdict FROM intake_verdicts WHERE event_id = $1 OR request_id = $2 ORDER BY stored_at DESC',
  );
  return [...parked, ...answered].slice(0, MOST_LISTS);
}
