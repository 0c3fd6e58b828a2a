/** This module reads what waits in PostgreSQL: open dead letters and parked lists. */
import { type Pool, withConnection } from './core/pool.js';

/** A `Backlog` says how much waits, and since when. */
export interface Backlog {
  /** Dead letters that no broker has taken yet. */
  readonly openLetters: number;
  /** The age of the oldest open letter in seconds; 0 without one. */
  readonly oldestLetterSeconds: number;
  /** Lists of the intake that wait for a key. */
  readonly parkedLists: number;
  /** The age of the oldest parked list in seconds; 0 without one. */
  readonly oldestParkedSeconds: number;
}

export const readBacklog = (pool: Pool): Promise<Backlog> =>
  withConnection(pool, async (connection) => {
    const { rows } = await connection.query<Backlog>(BACKLOG);
    const [backlog] = rows;
    if (backlog === undefined) throw new Error('PostgreSQL has returned no row');
    return backlog;
  });

// The counts are index-only scans: a letter and a list may hold a megabyte each. A page of parked lists is read by
// partition, so the oldest one is the first of a partition.
const BACKLOG = `
  WITH letters AS (
    SELECT count(*) AS open, min(id) AS first FROM dead_letters WHERE redriven_at IS NULL
  ), parked AS (
    SELECT partition, count(*) AS lists, min(seq) AS seq FROM intake_parked GROUP BY partition
  )
  SELECT
    letters.open::integer AS "openLetters",
    COALESCE((SELECT EXTRACT(epoch FROM clock_timestamp() - created_at) FROM dead_letters WHERE id = letters.first), 0)::float8
      AS "oldestLetterSeconds",
    COALESCE((SELECT sum(lists) FROM parked), 0)::integer AS "parkedLists",
    COALESCE((
      SELECT EXTRACT(epoch FROM clock_timestamp() - min(parked_at)) FROM parked JOIN intake_parked USING (partition, seq)
    ), 0)::float8 AS "oldestParkedSeconds"
  FROM letters`;
