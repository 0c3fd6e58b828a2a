/** This module holds the statements of recovery. */
import type { RecoverFsmStatesPayload, RecoveredState } from '../../domain/intents/recover-fsm-states/schema.js';
import { isoUtc } from '../core/instant.js';
import type { Transaction } from '../core/pool.js';
import type { Cursor } from './cursor.js';
import { streamsSince } from './ended-on.js';

export interface StateRow extends Omit<RecoveredState, 'transition_count'> {
  readonly workflow_id: string;
  /** The count, as text when it is beyond 2^53. */
  readonly transition_count: number | string;
}

const FILTERS = `($2::text[] IS NULL OR fsm_state_name(current_state) = ANY ($2))
  AND ($3::text[] IS NULL OR metadata ->> 'namespace' = ANY ($3))`;

const valuesOf = ({ states, namespaces }: RecoverFsmStatesPayload, { since }: Cursor): unknown[] => [
  since,
  states ?? null,
  namespaces ?? null,
];

const COLUMNS = `workflow_id, current_state, previous_state, epoch, transition_count, metadata, sequence AS arrival,
  ${isoUtc('last_transition_at')} AS last_transition_at`;

/**
 * Returns SQL that selects `columns` of all workflows that match, a SELECT for each stream.
 * @param rest follows each stream's conditions. An order and a limit there let the server merge the streams, and read
 * of each no more than it takes.
 */
const matching = (conditions: readonly string[], columns: string, rest = ''): string => {
  const streams = conditions.map(
    (stream) => `(SELECT ${columns} FROM fsm_states WHERE ${stream} AND ${FILTERS} ${rest})`,
  );
  return `(${streams.join(' UNION ALL ')}) matching`;
};

/** Reads rows, newest first, that arrived before the number `before`. */
export async function newestRows(
  tx: Transaction,
  request: RecoverFsmStatesPayload,
  cursor: Cursor,
  before: number,
  limit: number,
): Promise<StateRow[]> {
  const { conditions, newestFirst } = streamsSince(cursor.since);
  const order = `ORDER BY ${newestFirst} LIMIT $5`;
  const { rows } = await tx.query<StateRow>(
    `SELECT * FROM ${matching(conditions, COLUMNS, `AND sequence < $4 ${order}`)} ${order}`,
    [...valuesOf(request, cursor), before, limit],
  );
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
  const later = `AND ($4::uuid IS NULL OR workflow_id > $4)
    AND ($5::bigint IS NULL OR sequence < $5 OR NOT pg_visible_in_snapshot(moved_by, $6))`;
  const { conditions, byId } = streamsSince(cursor.since);
  const order = `ORDER BY ${byId} LIMIT $7`;
  const { rows } = await tx.query<StateRow>(
    `SELECT * FROM ${matching(conditions, COLUMNS, `${later} ${order}`)} ${order}`,
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
  const { rows } = await tx.query<{ count: number }>(
    `SELECT count(*) AS count FROM ${matching(streamsSince(cursor.since).conditions, '1')}`,
    valuesOf(request, cursor),
  );
  return rows[0]?.count ?? 0;
}
