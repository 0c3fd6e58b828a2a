/** The statements of recovery. */
import type { RecoverFsmStatesPayload, RecoveredState } from '../intents/recover-fsm-states/schema.js';
import { TERMINAL_STATES } from '../intents/recover-fsm-states/terminal-states.js';
import { isoUtc } from './instant.js';
import type { Transaction } from './pool.js';
import type { Phase } from './recovery-cursor.js';

export interface StateRow extends Omit<RecoveredState, 'transition_count'> {
  readonly workflow_id: string;
  /** Text when it is beyond 2^53. */
  readonly transition_count: number | string;
  readonly sequence: number;
}

const MATCHING = `FROM fsm_states
  WHERE sequence < $1 AND moved_by >= $2::xid8
    AND (updated_at >= $3 OR current_state <> ALL ($4::text[]))
    AND ($5::text[] IS NULL OR current_state = ANY ($5))
    AND ($6::text[] IS NULL OR metadata ->> 'namespace' = ANY ($6))`;

const valuesOf = (request: RecoverFsmStatesPayload, phase: Phase): unknown[] => [
  phase.before,
  phase.moved_since,
  phase.since,
  TERMINAL_STATES,
  request.states ?? null,
  request.namespaces ?? null,
];

/** Rows of a phase, newest first. */
export async function readRows(
  tx: Transaction,
  request: RecoverFsmStatesPayload,
  phase: Phase,
  limit: number,
): Promise<StateRow[]> {
  const { rows } = await tx.query<StateRow>(
    `SELECT workflow_id, current_state, previous_state, epoch, transition_count, metadata, sequence,
       ${isoUtc('last_transition_at')} AS last_transition_at
     ${MATCHING}
     ORDER BY sequence DESC
     LIMIT $7`,
    [...valuesOf(request, phase), limit],
  );
  return rows;
}

/** States that match the request, wherever the walk is. */
export async function countRows(tx: Transaction, request: RecoverFsmStatesPayload, phase: Phase): Promise<number> {
  const all = { ...phase, before: Number.MAX_SAFE_INTEGER, moved_since: '0' };
  const { rows } = await tx.query<{ count: number }>(`SELECT count(*) AS count ${MATCHING}`, valuesOf(request, all));
  return rows[0]?.count ?? 0;
}
