/** This adapter keeps the parked lists of the intake, in `intake_parked` (ADR 0009). */
import { LOCAL_STATEMENT_MS } from '../../domain/time-outs.js';
import type { ParkedLists } from '../../domain/intake/ports.js';
import { SLICE_BYTES, SLICE_INTENTS } from '../../domain/intake/slice.js';
import { cut } from '../../domain/values/cut.js';
import { jsonBytes } from '../../domain/values/limits.js';
import type { ListHashes, SliceList } from '../../domain/intake/list.js';
import { isOtherList } from '../../domain/intake/used-ids.js';
import { EffectError } from '../../domain/failures/failure.js';
import { type Pool, type Transaction, withConnection, withTransaction } from '../core/pool.js';

interface Row {
  readonly seq: number;
  readonly intents: number;
  readonly bytes: number;
  /** A parked list before it that shares a key, as far as its row remembers one. */
  readonly behind: number | null;
}

export function createParkedLists(pool: Pool): ParkedLists {
  return {
    async findKeys(partition, keys) {
      if (keys.length === 0) return new Set();
      // The first list of a key is asked for by its order, so that PostgreSQL takes the index however common keys are.
      const { rows } = await withConnection(
        pool,
        (connection) =>
          connection.query<{ key: string }>(
            `SELECT key FROM unnest($2::text[]) AS asked(key)
             CROSS JOIN LATERAL (
               SELECT FROM intake_parked_keys WHERE key_hash = parked_key_hash($1, asked.key) ORDER BY seq LIMIT 1
             ) AS first`,
            [partition, keys],
          ),
        LOCAL_STATEMENT_MS,
      );
      return new Set(rows.map(({ key }) => key));
    },

    hashes: (eventIds) => findHashes(pool, eventIds),

    async park(partition, lists) {
      await withTransaction(pool, async (tx) => {
        // The lists are inserted one by one: their order is that of the sequence, and PostgreSQL has no array of arrays
        // of different lengths.
        for (const { list, keys, list_hash } of lists) {
          // The row that is there is locked and left as it is: DO NOTHING would not return its hash.
          const { rows } = await tx.query<{ list_hash: string | null }>(
            `INSERT INTO intake_parked (event_id, partition, keys, list, intents, bytes, list_hash, request_id)
             VALUES ($1, $2, $3::text[], $4::json, $5, $6, decode($7, 'hex'), $8)
             ON CONFLICT (event_id) DO UPDATE SET event_id = EXCLUDED.event_id
             RETURNING encode(list_hash, 'hex') AS list_hash`,
            [
              list.event_id,
              partition,
              keys,
              JSON.stringify(list),
              list.intents.length,
              jsonBytes(list),
              list_hash,
              list.request_id ?? null,
            ],
          );
          if (!isOtherList(rows[0]?.list_hash ?? null, list_hash)) continue;
          throw new EffectError('transient', `event_id: another list is parked under ${list.event_id}`);
        }
      });
    },

    page: (partition, after) =>
      withTransaction(pool, async (tx) => {
        // PostgreSQL takes a new backlog for a small one, until it is analyzed. It would read all of it to sort it.
        await tx.query('SET LOCAL enable_sort = off');
        const { page, next } = await pageAfter(tx, partition, after);
        return {
          lists: await listsOf(tx, partition, page),
          parked: next === null ? await countOf(tx, partition) : 0,
          next,
        };
      }),

    async remove(eventIds) {
      await withConnection(pool, (connection) =>
        connection.query('DELETE FROM intake_parked WHERE event_id = ANY ($1::text[])', [eventIds]),
      );
    },
  };
}

/** The limits of a page, which are those of a slice. */
const PAGE = { intents: SLICE_INTENTS, bytes: SLICE_BYTES };

/** The most lists that one statement reads. A page of usual lists (20 intents) has 25. */
const STEP = 100;

/** The most lists that are read for a page, so that it takes a second at most. The next page goes on behind them. */
const MOST_READ = 10_000;

/**
 * Reads the lists after `after` in their order, until a page is full. A list is left out when it shares a key with a
 * list before the page, or with another that is left out. So the last list before it under each key has to be in the
 * page.
 */
async function pageAfter(
  tx: Transaction,
  partition: string,
  after: number,
): Promise<{ page: readonly number[]; next: number | null }> {
  const free = new Map<number, Row>();
  let last = after;
  for (let read = STEP; ; read += STEP) {
    const rows = await rowsAfter(tx, partition, last);
    // Most lists of a backlog wait for the one that their row names. Only the others ask for each of their keys.
    const asked = new Set<number>();
    for (const { seq, behind } of rows) if (behind === null || free.has(behind) || asked.has(behind)) asked.add(seq);
    const lastBefore = await lastBeforeEach(tx, partition, [...asked]);
    for (const row of rows) if (lastBefore.get(row.seq)?.every((seq) => free.has(seq))) free.set(row.seq, row);
    last = rows.at(-1)?.seq ?? last;
    const [part = [], rest] = cut(free.values(), ({ intents, bytes }) => ({ intents, bytes }), PAGE);
    const page = part.map(({ seq }) => seq);
    if (rest !== undefined) return { page, next: page.at(-1) ?? null };
    if (rows.length < STEP) return { page, next: null };
    if (read >= MOST_READ) return { page, next: last };
  }
}

async function rowsAfter(tx: Transaction, partition: string, after: number): Promise<readonly Row[]> {
  const { rows } = await tx.query<Row>(
    `SELECT seq, intents, COALESCE(bytes, octet_length(list::text)) AS bytes,
       (SELECT seq FROM intake_parked AS before WHERE partition = $1 AND before.seq = parked.behind) AS behind
     FROM intake_parked AS parked WHERE partition = $1 AND seq > $2 ORDER BY seq LIMIT ${STEP}`,
    [partition, after],
  );
  return rows;
}

/** Returns, by list, the last list before it under each of its keys. */
async function lastBeforeEach(
  tx: Transaction,
  partition: string,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  if (seqs.length === 0) return new Map();
  const { rows } = await tx.query<{ seq: number; behind: readonly number[] }>(
    `SELECT seq, to_json(ARRAY(
       SELECT before.seq FROM unnest(parked.keys) AS own(key)
       CROSS JOIN LATERAL (
         SELECT seq FROM intake_parked_keys
         WHERE key_hash = parked_key_hash(parked.partition, own.key) AND seq < parked.seq ORDER BY seq DESC LIMIT 1
       ) AS before
     )) AS behind
     FROM intake_parked AS parked WHERE partition = $1 AND seq = ANY ($2::bigint[])`,
    [partition, seqs],
  );
  return new Map(rows.map(({ seq, behind }) => [seq, behind]));
}

async function listsOf(tx: Transaction, partition: string, seqs: readonly number[]): Promise<SliceList[]> {
  if (seqs.length === 0) return [];
  const { rows } = await tx.query<{ list: SliceList }>(
    'SELECT list FROM intake_parked WHERE partition = $1 AND seq = ANY ($2::bigint[]) ORDER BY seq',
    [partition, seqs],
  );
  return rows.map(({ list }) => list);
}

async function countOf(tx: Transaction, partition: string): Promise<number> {
  const { rows } = await tx.query<{ parked: number }>(
    'SELECT count(*) AS parked FROM intake_parked WHERE partition = $1',
    [partition],
  );
  return rows[0]?.parked ?? 0;
}

async function findHashes(pool: Pool, eventIds: readonly string[]): Promise<ListHashes> {
  const { rows } = await withConnection(
    pool,
    (connection) =>
      connection.query<{ event_id: string; list_hash: string | null }>(
        `SELECT event_id, encode(list_hash, 'hex') AS list_hash FROM intake_parked WHERE event_id = ANY ($1::text[])`,
        [eventIds],
      ),
    LOCAL_STATEMENT_MS,
  );
  return new Map(rows.map(({ event_id, list_hash }) => [event_id, list_hash]));
}
