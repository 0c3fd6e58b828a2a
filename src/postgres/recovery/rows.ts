/** This module holds the statements of recovery. */
import type { RecoverFsmStatesPayload, RecoveredState } from '../../domain/intents/recover-fsm-states/schema.js';
import { TERMINAL_STATES } from '../../domain/recovery/terminal-states.js';
import { isoUtc } from '../core/instant.js';
import type { Transaction } from '../core/pool.js';
import type { Cursor } from './cursor.js';

export interface StateRow extends Omit<RecoveredState, 'transition_count'> {
  readonly workflow_id: string;
  /** The count, as text when it is beyond 2^53. */
  readonly transition_count: number | string;
}

const MATCHING = `FROM fsm_states
  WHERE (updated_at >= $1 OR upper(current_state) <> ALL ($2::text[]))
    AND ($3::text[] IS NULL OR upper(current_state) = ANY ($3))
    AND ($4::text[] IS NULL OR metadata ->> 'namespace' = ANY ($4))`;

const valuesOf = ({ states, namespaces }: RecoverFsmStatesPayload, { since }: Cursor): unknown[] => [
  since,
  TERMINAL_STATES,
  states ?? null,
  namespaces ?? null,
];

const ROWS = `SELECT workflow_id, current_state, previous_state, epoch, transition_count, metadata, sequence AS arrival,
    ${isoUtc('last_transition_at')} AS last_transition_at
  ${MATCHING}`;

/** Reads rows, newest first, that arrived before the number `before`. */
export async function newestRows(
  tx: Transaction,
  request: RecoverFsmStatesPayload,
  cursor: Cursor,
  before: number,
  limit: number,
): Promise<StateRow[]> {
  const { rows } = await tx.query<StateRow>(`${ROWS} AND sequence < $5 ORDER BY sequence DESC LIMIT $6`, [
    ...valuesOf(request, cursor),
    before,
    limit,
  ]);
  return rows;
}

/**
 * Reads rows by workflow id. The first page's rows are left out: they are no older than its last state and have not
 * moved since.
 */
export async function rowsById(
  tx: Transaction,
  request: RecoverFsmStatesPayload,
  cursor: Cursor,
  limit: number,
): Promise<StateRow[]> {
  const { rows } = await tx.query<StateRow>(
    `${ROWS} AND ($5::uuid IS NULL OR workflow_id > $5)
       AND ($6::bigint IS NULL OR sequence < $6 OR NOT pg_visible_in_snapshot(moved_by, $7))
     ORDER BY workflow_id LIMIT $8`,
    [
      ...valuesOf(request, cursor),
      cursor.after,
      cursor.firstPage?.oldest ?? null,
      cursor.firstPage?.snapshot ?? null,
      limit,
    ],
  );
  return rows;
}

/** Counts the states that match the request, wherever the walk is. */
export async function countRows(tx: Transaction, request: RecoverFsmStatesPayload, cursor: Cursor): Promise<number> {
  const { rows } = await tx.query<{ count: number }>(`SELECT count(*) AS count ${MATCHING}`, valuesOf(request, cursor));
  return rows[0]?.count ?? 0;
}
