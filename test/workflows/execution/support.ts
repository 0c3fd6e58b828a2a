/** This module reads and prepares rows for the tests of lists. */
import type { Environment } from '../../support/environment.js';
import { persistState } from '../../support/intents.js';

const MAX_BIGINT = '9223372036854775807';

/** Returns a PersistState that the database refuses, because the total of its row is at the end of BIGINT. */
export async function overflowingState({ pool }: Environment, priority: number) {
  const intent = persistState({}, { priority });
  await pool.query(
    `INSERT INTO bridge_states (bridge_id, namespace, total_items_aggregated, current_fsm_state)
     VALUES ($1, 'test.namespace', $2, 'UNKNOWN')`,
    [intent.payload.aggregation_id, MAX_BIGINT],
  );
  return intent;
}

export async function bridgeRows({ pool }: Environment, bridgeId: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<Record<string, unknown>>('SELECT * FROM bridge_states WHERE bridge_id = $1', [
    bridgeId,
  ]);
  return rows;
}
