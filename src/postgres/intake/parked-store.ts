/** This adapter keeps the parked lists of the intake, in `intake_parked` (ADR 0009). */
import { LOCAL_STATEMENT_MS } from '../../domain/time-outs.js';
import { HeldKeys } from '../../domain/intake/held-keys.js';
import type { ParkedLists } from '../../domain/intake/ports.js';
import { SLICE_BYTES, SLICE_INTENTS } from '../../domain/intake/slice.js';
import { cut } from '../../domain/values/cut.js';
import type { SliceList } from '../../domain/intake/list.js';
import { type Pool, type Transaction, withConnection, withTransaction } from '../core/pool.js';

interface Row {
  readonly seq: number;
  readonly keys: readonly string[];
  readonly intents: number;
  readonly bytes: number;
}

export function createParkedLists(pool: Pool): ParkedLists {
  return {
    async keys(partition) {
      const { rows } = await withConnection(
        pool,
        (connection) =>
          connection.query<{ keys: readonly string[] }>('SELECT keys FROM intake_parked WHERE partition = $1', [
            partition,
          ]),
        LOCAL_STATEMENT_MS,
      );
      return new Set(rows.flatMap(({ keys }) => keys));
    },

    async find(eventIds) {
      const { rows } = await withConnection(pool, (connection) =>
        connection.query<{ event_id: string }>('SELECT event_id FROM intake_parked WHERE event_id = ANY ($1::text[])', [
          eventIds,
        ]),
      );
      return new Set(rows.map(({ event_id }) => event_id));
    },

    async park(partition, lists) {
      await withTransaction(pool, async (tx) => {
        // The lists are inserted one by one: their order is that of the sequence, and PostgreSQL has no array of arrays
        // of different lengths.
        for (const { list, keys } of lists) {
          await tx.query(
            `INSERT INTO intake_parked (event_id, partition, keys, list, intents) VALUES ($1, $2, $3::text[], $4::json, $5)
             ON CONFLICT (event_id) DO NOTHING`,
            [list.event_id, partition, keys, JSON.stringify(list), list.intents.length],
          );
        }
      });
    },

    page: (partition, after) =>
      withTransaction(pool, async (tx) => {
        // The keys of all lists are read, because a list that is left out decides about those behind it. The lists
        // themselves are read only for the page.
        const { rows } = await tx.query<Row>(
          `SELECT seq, keys, intents, octet_length(list::text) AS bytes
           FROM intake_parked WHERE partition = $1 ORDER BY seq`,
          [partition],
        );
        const { taken, next } = pageOf(rows, after);
        return { lists: await listsOf(tx, partition, taken), parked: rows.length, next };
      }),

    async remove(eventIds) {
      await withConnection(pool, (connection) =>
        connection.query('DELETE FROM intake_parked WHERE event_id = ANY ($1::text[])', [eventIds]),
      );
    },
  };
}

/**
 * Returns the page of lists after `after`, one slice at most. A list is left out when it shares a key with a list
 * before the page, or with another that is left out.
 */
function pageOf(rows: readonly Row[], after: number): { taken: readonly number[]; next: number | null } {
  const heldKeys = new HeldKeys<string>([]);
  const free: Row[] = [];
  for (const row of rows) {
    if (row.seq <= after) heldKeys.hold(row.keys);
    else if (!heldKeys.stops(row.keys)) free.push(row);
  }
  const [page = []] = cut(free, ({ intents, bytes }) => ({ intents, bytes }), PAGE);
  return { taken: page.map(({ seq }) => seq), next: page.length < free.length ? (page.at(-1)?.seq ?? null) : null };
}

/** The limits of a page, which are those of a slice. */
const PAGE = { intents: SLICE_INTENTS, bytes: SLICE_BYTES };

async function listsOf(tx: Transaction, partition: string, seqs: readonly number[]): Promise<SliceList[]> {
  if (seqs.length === 0) return [];
  const { rows } = await tx.query<{ list: SliceList }>(
    'SELECT list FROM intake_parked WHERE partition = $1 AND seq = ANY ($2::bigint[]) ORDER BY seq',
    [partition, seqs],
  );
  return rows.map(({ list }) => list);
}
