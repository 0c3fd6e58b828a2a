/** This module writes the current states of the tests, and runs the check of states. */
import type { PersistFsmTransitionPayload } from '../../../src/domain/intents/persist-fsm-transition/schema.js';
import { createFsmTransitionStore } from '../../../src/postgres/states/fsm-transition-store.js';
import { checkStates } from '../../../src/postgres/states/state-check.js';
import { command, useDatabase } from '../support.js';

export const NONE = { missing: 0, differs: 0, orphaned: 0 };

export const step = (
  workflow_id: string,
  count: number | null,
  second: number | null,
  to: string,
): PersistFsmTransitionPayload => ({
  workflow_id,
  current_state: to,
  previous_state: 'BEFORE',
  transition_count: count,
  timestamp: second === null ? null : new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
  metadata: { namespace: to },
});

export function useCheckedStates() {
  const database = useDatabase({ foreignRows: 'transitions are damaged by hand' });
  const insert = (payloads: readonly PersistFsmTransitionPayload[]) =>
    createFsmTransitionStore(database.pool).insert(payloads.map((payload) => command(payload)));
  const stateOf = async (workflow: string) => {
    const { rows } = await database.pool.query<Record<string, unknown>>(
      `SELECT current_state, previous_state, epoch, transition_count, metadata, last_transition_at FROM fsm_states
       WHERE workflow_id = $1`,
      [workflow],
    );
    return rows[0];
  };
  const check = (fix = false) => checkStates(database.pool, { fix });
  return { database, insert, stateOf, check };
}
