/** This adapter adds aggregated counts to `bridge_states`, each intent once. */
import { EffectError } from '../../domain/failures/failure.js';
import type { Command, EffectOutcome } from '../../domain/intents/command.js';
import type { BridgeStateStore, PersistStateFields } from '../../domain/intents/persist-state/store.js';
import type { PersistStatePayload } from '../../domain/intents/persist-state/schema.js';
import { createExecutor } from '../core/executor.js';
import { type BridgeStateRow, toWaves } from './bridge-state-rows.js';
import type { GroupCommitOptions } from '../../flow-control/group-commit.js';
import { claim, IS_NEW } from '../ledger/ledger.js';
import type { Pool, Transaction } from '../core/pool.js';

const INTENT_TYPE = 'PersistState';

/** State of a row whose aggregations never named one. */
const UNKNOWN_STATE = 'UNKNOWN';

export const createBridgeStateStore = (pool: Pool, options: GroupCommitOptions = {}): BridgeStateStore => ({
  persist: createExecutor(pool, { tables: 'bridge_states, executed_intents', lockFree, execute }, options),
});

async function execute(
  tx: Transaction,
  batch: readonly Command<PersistStatePayload>[],
): Promise<EffectOutcome<PersistStateFields>[]> {
  const claimed = await claim(tx, INTENT_TYPE, batch, resultOf);
  for (const wave of toWaves(claimed.claimed.map(({ command }) => command.payload))) await upsert(tx, wave);
  return claimed.outcomes();
}

async function lockFree(tx: Transaction, batch: readonly Command<PersistStatePayload>[]): Promise<readonly string[]> {
  const wanted = batch.flatMap(({ intent_id, payload }) =>
    Object.keys(payload.aggregated_data).map((namespace) => ({ intent_id, bridge: payload.aggregation_id, namespace })),
  );
  const { rows } = await tx.query<{ intent_id: string }>(
    // bridge_states has the rows of legacy writers too, which `upsert` takes over (migration 0002).
    `WITH wanted AS MATERIALIZED (
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS wanted (intent_id, bridge_id, namespace)
     ), free AS MATERIALIZED (
       SELECT bridge_id, namespace FROM bridge_states
       WHERE (bridge_id, namespace) IN (SELECT bridge_id, namespace FROM wanted)
       ORDER BY bridge_id, namespace COLLATE "C" FOR NO KEY UPDATE SKIP LOCKED
     ), locked AS (
       SELECT bridge_id, namespace FROM bridge_states
       WHERE (bridge_id, namespace) IN (SELECT bridge_id, namespace FROM wanted)
       EXCEPT SELECT bridge_id, namespace FROM free
     )
     SELECT intent_id FROM wanted JOIN locked USING (bridge_id, namespace) WHERE ${IS_NEW}`,
    [
      wanted.map(({ intent_id }) => intent_id),
      wanted.map(({ bridge }) => bridge),
      wanted.map(({ namespace }) => namespace),
    ],
  );
  return rows.map(({ intent_id }) => intent_id);
}

function resultOf({ payload }: Command<PersistStatePayload>): PersistStateFields {
  const aggregates = Object.values(payload.aggregated_data);
  const sum = (field: 'unique_workflows_count' | 'total_stamps'): number => {
    const total = aggregates.reduce((sum, data) => sum + data[field], 0);
    if (Number.isSafeInteger(total)) return total;
    throw new EffectError(
      'invalid',
      `aggregated_data: expected the sum of ${field} to be at most 2^53 - 1, got ${total}`,
    );
  };
  return {
    aggregation_id: payload.aggregation_id,
    namespaces_persisted: Object.keys(payload.aggregated_data),
    total_workflows: sum('unique_workflows_count'),
    total_items: sum('total_stamps'),
  };
}

/** SQL that says whether the arriving aggregation is as new as the row's, or newer. */
const IS_NEWER = `COALESCE(EXCLUDED.last_aggregation_timestamp, '-infinity')
  >= COALESCE(bridge_state_rows.last_aggregation_timestamp, '-infinity')`;

async function upsert(tx: Transaction, rows: readonly BridgeStateRow[]): Promise<void> {
  const stateless = rows.filter(({ state }) => state === null);
  await tx.query(
    // The rows are sorted, so that every writer takes their locks in one order: two batches would deadlock otherwise
    // (40P01).
    `INSERT INTO bridge_state_rows (bridge_id, namespace, total_workflows_processed, total_items_aggregated,
       aggregation_metadata, current_fsm_state, last_aggregation_timestamp, created_at, updated_at)
     SELECT bridge_id, namespace, workflows, items, metadata::jsonb, state, at, NOW(), NOW()
     FROM ROWS FROM (
       unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[]),
       json_array_elements($7::json)
     ) AS added (bridge_id, namespace, workflows, items, state, at, metadata)
     ORDER BY bridge_id, namespace COLLATE "C"
     ON CONFLICT (bridge_id, namespace) DO UPDATE SET
       total_workflows_processed = bridge_state_rows.total_workflows_processed + EXCLUDED.total_workflows_processed,
       total_items_aggregated = bridge_state_rows.total_items_aggregated + EXCLUDED.total_items_aggregated,
       aggregation_metadata = CASE WHEN ${IS_NEWER} THEN EXCLUDED.aggregation_metadata
         ELSE bridge_state_rows.aggregation_metadata END,
       current_fsm_state = CASE
         WHEN (EXCLUDED.bridge_id, EXCLUDED.namespace::text) IN (SELECT * FROM unnest($8::uuid[], $9::text[]))
           THEN bridge_state_rows.current_fsm_state
         WHEN ${IS_NEWER} THEN EXCLUDED.current_fsm_state
         ELSE bridge_state_rows.current_fsm_state END,
       last_aggregation_timestamp =
         GREATEST(bridge_state_rows.last_aggregation_timestamp, EXCLUDED.last_aggregation_timestamp),
       updated_at = NOW()`,
    [
      rows.map((row) => row.bridge_id),
      rows.map((row) => row.namespace),
      rows.map((row) => row.workflows.toString()),
      rows.map((row) => row.items.toString()),
      rows.map((row) => row.state ?? UNKNOWN_STATE),
      rows.map((row) => row.timestamp),
      // The documents are one text: in an array of texts every quote of every document is escaped once more.
      JSON.stringify(rows.map((row) => row.metadata)),
      stateless.map((row) => row.bridge_id),
      stateless.map((row) => row.namespace),
    ],
  );
}
