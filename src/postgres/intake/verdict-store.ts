/** This adapter keeps the verdicts on the lists of the intake, in `intake_verdicts` (ADR 0009). */
import type { ListHashes, Verdict } from '../../domain/intake/list.js';
import type { StoredVerdict, VerdictStore } from '../../domain/intake/ports.js';
import { type Pool, withConnection } from '../core/pool.js';

export function createVerdictStore(pool: Pool): VerdictStore {
  async function find(eventIds: readonly string[]): Promise<Map<string, StoredVerdict>> {
    if (eventIds.length === 0) return new Map();
    const { rows } = await withConnection(pool, (connection) =>
      connection.query<{ event_id: string; verdict: Verdict; list_hash: string | null }>(
        `SELECT event_id, verdict, encode(list_hash, 'hex') AS list_hash
         FROM intake_verdicts WHERE event_id = ANY ($1::text[])`,
        [eventIds],
      ),
    );
    return new Map(rows.map(({ event_id, verdict, list_hash }) => [event_id, { verdict, list_hash }]));
  }

  return {
    find,
    hashes: (eventIds) => findHashes(pool, 'intake_verdicts', eventIds),
    async store(made) {
      const verdicts = made.map(({ verdict }) => verdict);
      const { rows } = await withConnection(pool, (connection) =>
        connection.query<{ event_id: string }>(
          `INSERT INTO intake_verdicts (event_id, list_hash, verdict)
           SELECT event_id, decode(list_hash, 'hex'), verdict
           FROM ROWS FROM (unnest($1::text[], $2::text[]), json_array_elements($3::json))
             AS given (event_id, list_hash, verdict) ORDER BY event_id
           ON CONFLICT (event_id) DO NOTHING RETURNING event_id`,
          [verdicts.map(({ event_id }) => event_id), made.map(({ list_hash }) => list_hash), JSON.stringify(verdicts)],
        ),
      );
      const stored = new Set(rows.map(({ event_id }) => event_id));
      const isStored = ({ verdict }: StoredVerdict): boolean => stored.has(verdict.event_id);
      const taken = made.filter((one) => !isStored(one)).map(({ verdict }) => verdict.event_id);
      return new Map([
        ...made.filter(isStored).map((one) => [one.verdict.event_id, one] as const),
        ...(await find(taken)),
      ]);
    },
  };
}

/** Finds the list hashes that a table has for event ids. */
export async function findHashes(
  pool: Pool,
  table: 'intake_verdicts' | 'intake_parked',
  eventIds: readonly string[],
): Promise<ListHashes> {
  const { rows } = await withConnection(pool, (connection) =>
    connection.query<{ event_id: string; list_hash: string | null }>(
      `SELECT event_id, encode(list_hash, 'hex') AS list_hash FROM ${table} WHERE event_id = ANY ($1::text[])`,
      [eventIds],
    ),
  );
  return new Map(rows.map(({ event_id, list_hash }) => [event_id, list_hash]));
}
