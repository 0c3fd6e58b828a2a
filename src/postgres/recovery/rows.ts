/** The statements of recovery. */
import type { RecoverFsmStatesPayload, RecoveredState } from '../../domain/intents/recover-fsm-states/schema.js';
import { TERMINAL_STATES } from '../../domain/recovery/terminal-states.js';
import { isoUtc } from '../core/instant.js';
import type { Transaction } from '../core/pool.js';
import { isLast, type Phase } from './cursor.js';

export interface StateRow extends Omit<RecoveredState, 'transition_count'> {
  readonly workflow_id: string;
  /** Text when it is beyond 2^53. */
  readonly transition_count: number | string;
}

/**
 * What moved since the phase before: moved by a transaction that its snapshot does not see and this one does. A row in hand is
 * committed, so that one this snapshot does not see has its number from another cluster, by a dump or a copy: it has not
 * moved here, and the first phase had it. Moved here it gets a number of here.
 */
const MATCHING = `FROM fsm_states
  WHERE sequence < $1 AND ($7::uuid IS NULL OR workflow_id > $7)
    AND ($2::pg_snapshot IS NULL OR (
      NOT pg_visible_in_snapshot(moved_by, $2) AND pg_visible_in_snapshot(moved_by, (SELECT pg_current_snapshot()))))
    AND (updated_at >= $3 OR upper(current_state) <> ALL ($4::text[]))
    AND ($5::text[] IS NULL OR upper(current_state) = ANY ($5))
    AND ($6::text[] IS NULL OR metadata ->> 'namespace' = ANY ($6))`;

const valuesOf = (request: RecoverFsmStatesPayload, phase: Phase): unknown[] => [
  phase.before,
  phase.seen,
  phase.since,
  TERMINAL_STATES,
  request.states ?? null,
  request.namespaces ?? null,
  phase.after,
];

/** Rows of a phase: newest first, in the last one by workflow. */
export async function readRows(
  tx: Transaction,
  request: RecoverFsmStatesPayload,
  phase: Phase,
  limit: number,
): Promise<StateRow[]> {
  const { rows } = await tx.query<StateRow>(
    `SELECT workflow_id, current_state, previous_state, epoch, transition_count, metadata, sequence AS arrival,
       ${isoUtc('last_transition_at')} AS last_transition_at
     ${MATCHING}
     ORDER BY ${isLast(phase) ? 'workflow_id' : 'sequence DESC'}
     LIMIT $8`,
    [...valuesOf(request, phase), limit],
  );
  return rows;
}

/** States that match the request, wherever the walk is. */
export async function countRows(tx: Transaction, request: RecoverFsmStatesPayload, phase: Phase): Promise<number> {
  const all = { ...phase, before: Number.MAX_SAFE_INTEGER, after: null, seen: null };
  const { rows } = await tx.query<{ count: number }>(`SELECT count(*) AS count ${MATCHING}`, valuesOf(request, all));
  return rows[0]?.count ?? 0;
}
