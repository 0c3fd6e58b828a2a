/** This module prunes the ledger, and says how much it holds (ADR 0007). */
import type { LedgerPruned, LedgerRetention } from '../../domain/ledger/port.js';
import { LOCAL_STATEMENT_MS } from '../../domain/time-outs.js';
import type { TableSize } from '../../domain/values/table-size.js';
import { isoUtc } from '../core/instant.js';
import { type Pool, type Transaction, withConnection, withTransaction } from '../core/pool.js';
import { CUTOFF, EARLIEST, PAGE_ROWS } from '../core/prune-page.js';
import { TABLE_SIZE } from '../core/table-size.js';

/** @param days for which rows are kept; 0: for ever. */
export const createLedgerRetention = (pool: Pool, days: number): LedgerRetention => ({
  prune: (before, after) =>
    days === 0 ? Promise.resolve(NOTHING) : withTransaction(pool, (tx) => prunePage(tx, days, before, after)),
  size: () => withConnection(pool, (connection) => sizeOf(connection, days)),
  prunedBefore: () =>
    withConnection(
      pool,
      async (connection) => {
        const { rows } = await connection.query<{ before: string | null }>(
          `SELECT ${isoUtc('pruned_before')} AS before FROM ledger_retention`,
        );
        return rows[0]?.before ?? null;
      },
      LOCAL_STATEMENT_MS,
    ),
});

const NOTHING: LedgerPruned = {
  deleted: 0,
  letters_deleted: 0,
  marks_deleted: 0,
  verdicts_deleted: 0,
  pruned_before: null,
  next: null,
};

async function prunePage(
  tx: Transaction,
  days: number,
  before: string | null,
  after: string | null,
): Promise<LedgerPruned> {
  // The mark is raised first, so that nobody sees a row gone without it. It is never past the retention, whoever asks.
  const { rows: marks } = await tx.query<{ cutoff: string }>(
    `WITH cutoff AS (SELECT ${CUTOFF} AS at),
       raised AS (
         UPDATE ledger_retention SET pruned_before = cutoff.at FROM cutoff
         WHERE pruned_before IS NULL OR pruned_before < cutoff.at)
     SELECT ${isoUtc('at')} AS cutoff FROM cutoff`,
    [days, before],
  );
  const cutoff = marks[0]?.cutoff ?? null;
  // Locked rows are left to the next prune: a prune must not wait for effects, nor effects for a prune.
  const { rows: deleted } = await tx.query<{ count: number; newest: string | null }>(
    `WITH due AS (
       SELECT intent_id FROM executed_intents ledger
       WHERE settled_at < $1::timestamptz AND ($2::timestamptz IS NULL OR settled_at >= $2)
         AND NOT EXISTS (
           SELECT FROM dead_letters letter WHERE letter.intent_id = ledger.intent_id AND redriven_at IS NULL)
       ORDER BY settled_at LIMIT $3 FOR UPDATE SKIP LOCKED),
     gone AS (
       DELETE FROM executed_intents USING due WHERE executed_intents.intent_id = due.intent_id RETURNING settled_at)
     SELECT count(*) AS count, ${isoUtc('max(settled_at)')} AS newest FROM gone`,
    [cutoff, after, PAGE_ROWS],
  );
  const { count = 0, newest = null } = deleted[0] ?? {};
  const letters = await deleteBefore(tx, 'dead_letters', 'id', 'redriven_at', cutoff);
  const sweeps = await deleteBefore(tx, 'swept_executions', 'execution_id', 'swept_at', cutoff);
  const verdicts = await deleteBefore(tx, 'intake_verdicts', 'event_id', 'stored_at', cutoff);
  const routes = await deleteBefore(tx, 'rollout_routes', 'correlation_id', 'routed_at', cutoff);
  return {
    deleted: count,
    letters_deleted: letters,
    marks_deleted: sweeps,
    verdicts_deleted: verdicts,
    pruned_before: cutoff,
    next: Math.max(count, letters, sweeps, verdicts, routes) === PAGE_ROWS ? (newest ?? after ?? EARLIEST) : null,
  };
}

async function deleteBefore(
  tx: Transaction,
  table: string,
  key: string,
  time: string,
  cutoff: string | null,
): Promise<number> {
  const { rowCount } = await tx.query(
    `DELETE FROM ${table} WHERE ${key} IN (
       SELECT ${key} FROM ${table} WHERE ${time} < $1::timestamptz ORDER BY ${time} LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    [cutoff, PAGE_ROWS],
  );
  return rowCount ?? 0;
}

async function sizeOf(connection: Transaction, days: number): Promise<TableSize> {
  const { rows } = await connection.query<{ rows: number; bytes: number; lag: number }>(
    `SELECT ${TABLE_SIZE},
       COALESCE((
         SELECT EXTRACT(EPOCH FROM clock_timestamp() - settled_at)::float8 - $1 * 86400.0
         FROM executed_intents ledger
         WHERE $1 > 0 AND settled_at < clock_timestamp() - $1::integer * INTERVAL '1 day'
           AND NOT EXISTS (
             SELECT FROM dead_letters letter WHERE letter.intent_id = ledger.intent_id AND redriven_at IS NULL)
         ORDER BY settled_at LIMIT 1), 0) AS lag
     FROM pg_class WHERE oid = 'executed_intents'::regclass`,
    [days],
  );
  const { rows: count = 0, bytes = 0, lag = 0 } = rows[0] ?? {};
  return { rows: count, bytes, lagSeconds: lag };
}
