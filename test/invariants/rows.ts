/**
 * This invariant says that the tables of effects hold what the ledger says, and nothing else. Totals and transitions
 * agree exactly.
 */
import type { Environment } from '../support/environment.js';

/**
 * Each query returns a row for what is wrong. Bridges and workflows that a test wrote by itself have no ledger row, and
 * are left out.
 */
const QUERIES: readonly string[] = [
  `SELECT format('bridge %s holds %s items in %s workflows; its ledger rows add up to %s in %s',
     bridge, stored.items, stored.workflows, ledger.items, ledger.workflows) AS problem
   FROM (SELECT outcome ->> 'aggregation_id' AS bridge, sum((outcome ->> 'total_items')::numeric) AS items,
           sum((outcome ->> 'total_workflows')::numeric) AS workflows
         FROM executed_intents WHERE intent_type = 'PersistState' AND given_up_by IS NULL GROUP BY 1) ledger
   JOIN LATERAL (SELECT coalesce(sum(total_items_aggregated), 0) AS items,
           coalesce(sum(total_workflows_processed), 0) AS workflows
         FROM bridge_state_rows WHERE bridge_id::text = lower(ledger.bridge)) stored ON true
   WHERE (stored.items, stored.workflows) IS DISTINCT FROM (ledger.items, ledger.workflows)`,
  `SELECT format('%s: the ledger names transition %s, which is not its own', ledger.intent_id, outcome ->> 'transition_id')
     AS problem
   FROM executed_intents ledger LEFT JOIN fsm_transitions moved ON moved.id::text = outcome ->> 'transition_id'
   WHERE intent_type = 'PersistFSMTransition' AND given_up_by IS NULL AND outcome ->> 'duplicate' = 'false'
     AND moved.intent_id IS DISTINCT FROM ledger.intent_id`,
  `SELECT format('transition %s of intent %s is in the table %s times, and in the ledger: %s',
     min(moved.id::text), moved.intent_id, count(*), bool_or(ledger.intent_id IS NOT NULL)) AS problem
   FROM fsm_transitions moved LEFT JOIN executed_intents ledger
     ON ledger.intent_id = moved.intent_id AND ledger.given_up_by IS NULL
   WHERE moved.intent_id IS NOT NULL GROUP BY moved.intent_id
   HAVING count(*) <> 1 OR NOT bool_or(ledger.intent_id IS NOT NULL)`,
  `SELECT DISTINCT format('parked list %s has other keys than intake_parked_keys says', seq) AS problem
   FROM (SELECT seq, parked_key_hash(partition, key) AS key_hash, true AS parked
         FROM intake_parked CROSS JOIN unnest(keys) AS own(key)) own
   FULL JOIN intake_parked_keys kept USING (seq, key_hash)
   WHERE parked IS NULL OR kept IS NULL`,
];

export async function checkRows({ pool }: Pick<Environment, 'pool'>): Promise<string[]> {
  const problems: string[] = [];
  for (const query of QUERIES) {
    const { rows } = await pool.query<{ problem: string }>(query);
    problems.push(...rows.map(({ problem }) => problem));
  }
  return problems;
}
