/** This function deletes workflows from the states and the history, so that tests may count all that is left. */
import type { Pool } from 'pg';

export async function forgetWorkflows(pool: Pick<Pool, 'query'>, ids: readonly string[]): Promise<void> {
  await pool.query('DELETE FROM fsm_transitions WHERE entity_id = ANY ($1)', [ids]);
  await pool.query('DELETE FROM fsm_states WHERE workflow_id = ANY ($1)', [ids]);
}
