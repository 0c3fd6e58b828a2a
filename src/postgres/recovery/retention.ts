/** This module prunes transitions and the states of workflows that have ended, and says how much is kept (ADR 0029). */
import type { FsmPruned, FsmRetention } from '../../domain/recovery/retention.js';
import type { TableSize } from '../../domain/values/table-size.js';
import { isoUtc } from '../core/instant.js';
import { type Pool, type Transaction, withConnection, withTransaction } from '../core/pool.js';
import { CUTOFF, EARLIEST, PAGE_ROWS } from '../core/prune-page.js';
import { TABLE_SIZE } from '../core/table-size.js';
import { ENDED_ON } from './ended-on.js';

const NOTHING: FsmPruned = { states_deleted: 0, transitions_deleted: 0, pruned_before: null, next: null };

/** @param days for which rows are kept; 0: for ever. */
export const createFsmRetention = (pool: Pool, days: number): FsmRetention => ({
  prune: (before, after) =>
    days === 0 ? Promise.resolve(NOTHING) : withTransaction(pool, (tx) => prunePage(tx, days, before, after)),
  size: () => withConnection(pool, (connection) => sizeOf(connection, days)),
});

async function prunePage(
  tx: Transaction,
  days: number,
  before: string | null,
  after: string | null,
): Promise<FsmPruned> {
  // Prunes take turns. Each of two would wait for transitions that the other has deleted, as past ones or with their
  // workflow.
  const { rows } = await tx.query<{ cutoff: string }>(
    `SELECT ${isoUtc(CUTOFF)} AS cutoff, pg_advisory_xact_lock(hashtext('fsm_states'))`,
    [days, before],
  );
  const cutoff = rows[0]?.cutoff ?? null;
  const { count, newest } = await deletePastTransitions(tx, cutoff, after);
  const pruned = { states_deleted: 0, transitions_deleted: count, pruned_before: cutoff };
  // Ended workflows come when no old transition is left but the current one of each: then each is a row or two.
  if (count === PAGE_ROWS) return { ...pruned, next: newest };
  const ended = await lockEnded(tx, cutoff);
  const { states, transitions } = await deleteEnded(tx, cutoff, ended);
  return {
    ...pruned,
    states_deleted: states,
    transitions_deleted: count + transitions,
    next: ended.length === PAGE_ROWS ? (newest ?? after ?? EARLIEST) : null,
  };
}

/**
 * Deletes old transitions that are below the current one of their workflow, which a state names by its arrival. The
 * current one stays, and so does another of the same count: the trigger looks for both. A state that was repaired names
 * none, and keeps its transitions until the next one.
 */
async function deletePastTransitions(tx: Transaction, cutoff: string | null, after: string | null) {
  // Nothing updates transitions, so that only another prune can lock them. The comparison is no join: of three joined
  // tables the server sorted all old rows for each page, 600 ms with 300,000.
  const { rows } = await tx.query<{ count: number; newest: string | null }>(
    `WITH due AS (
       SELECT id FROM fsm_transitions past
       WHERE entity_type = 'workflow_execution'
         AND created_at < $1::timestamptz AND ($2::timestamptz IS NULL OR created_at >= $2)
         AND (epoch, transition_count) < (
           SELECT latest.epoch, latest.transition_count
           FROM fsm_states state JOIN fsm_transitions latest
             ON latest.entity_id = state.workflow_id AND latest.sequence = state.sequence
           WHERE state.workflow_id = past.entity_id LIMIT 1)
       ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED),
     gone AS (DELETE FROM fsm_transitions USING due WHERE fsm_transitions.id = due.id RETURNING created_at)
     SELECT count(*) AS count, ${isoUtc('max(created_at)')} AS newest FROM gone`,
    [cutoff, after, PAGE_ROWS],
  );
  const { count = 0, newest = null } = rows[0] ?? {};
  // A time before the year 1, or `-infinity`, is no time of a request. The next prune deletes what is left of them.
  return { count, newest: newest?.startsWith('-') === true ? EARLIEST : newest };
}

/** SQL of the states of workflows that ended before `$1`, and to which not even a late transition has come since. */
const DUE = `updated_at < $1::timestamptz AND ${ENDED_ON} <= date_trunc('day', $1::timestamptz AT TIME ZONE 'UTC')
  AND NOT EXISTS (
    SELECT FROM fsm_transitions late WHERE late.entity_id = workflow_id AND late.entity_type = 'workflow_execution'
      AND late.created_at >= $1)`;

/** Locks the states of a page. One that a writer has locked is left to the next prune: neither waits for the other. */
async function lockEnded(tx: Transaction, cutoff: string | null): Promise<string[]> {
  const { rows } = await tx.query<{ workflow_id: string }>(
    `SELECT workflow_id FROM fsm_states WHERE ${DUE} ORDER BY ${ENDED_ON} LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [cutoff, PAGE_ROWS],
  );
  return rows.map(({ workflow_id }) => workflow_id);
}

/**
 * Deletes workflows whose states are locked. It looks once more whether they are due, in a statement of its own, which
 * sees what was committed until the locks were had. From then on no transition of them can come.
 */
async function deleteEnded(tx: Transaction, cutoff: string | null, workflowIds: readonly string[]) {
  const { rows } = await tx.query<{ states: number; transitions: number }>(
    `WITH ended AS (DELETE FROM fsm_states WHERE workflow_id = ANY ($2::uuid[]) AND ${DUE} RETURNING workflow_id),
     gone AS (
       DELETE FROM fsm_transitions USING ended WHERE entity_id = workflow_id AND entity_type = 'workflow_execution'
       RETURNING id)
     SELECT (SELECT count(*) FROM ended) AS states, (SELECT count(*) FROM gone) AS transitions`,
    [cutoff, workflowIds],
  );
  return rows[0] ?? { states: 0, transitions: 0 };
}

async function sizeOf(connection: Transaction, days: number): Promise<TableSize> {
  const { rows } = await connection.query<TableSize>(
    `SELECT ${TABLE_SIZE} FROM pg_class WHERE oid IN ('fsm_states'::regclass, 'fsm_transitions'::regclass)`,
  );
  const { rows: late } = await connection.query<{ seconds: number }>(
    `SELECT EXTRACT(EPOCH FROM clock_timestamp() - updated_at)::float8 - $2 * 86400.0 AS seconds FROM fsm_states
     WHERE $2 > 0 AND ${DUE} ORDER BY ${ENDED_ON} LIMIT 1`,
    [new Date(Date.now() - days * 86_400_000), days],
  );
  return { rows: rows[0]?.rows ?? 0, bytes: rows[0]?.bytes ?? 0, lagSeconds: late[0]?.seconds ?? 0 };
}
