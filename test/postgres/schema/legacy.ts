/** This module has the tables and statements of the seed contract (3.3, 4.2), as legacy writers use them. */
import type pg from 'pg';

export const LEGACY_TABLES = `
  CREATE TABLE bridge_states (
    bridge_id UUID PRIMARY KEY,
    namespace VARCHAR(255) NOT NULL,
    total_workflows_processed INTEGER NOT NULL DEFAULT 0,
    total_items_aggregated INTEGER NOT NULL DEFAULT 0,
    aggregation_metadata JSONB DEFAULT '{}',
    current_fsm_state VARCHAR(50) NOT NULL,
    last_aggregation_timestamp TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
  );
  CREATE INDEX idx_bridge_states_namespace ON bridge_states(namespace);
  CREATE INDEX idx_bridge_states_fsm_state ON bridge_states(current_fsm_state);
  CREATE TABLE fsm_transitions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_id UUID NOT NULL,
    entity_type VARCHAR(100) NOT NULL,
    from_state VARCHAR(50),
    to_state VARCHAR(50) NOT NULL,
    transition_event VARCHAR(100) NOT NULL,
    transition_data JSONB DEFAULT '{}',
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
  );
  CREATE INDEX idx_fsm_transitions_entity ON fsm_transitions(entity_id, entity_type);
  CREATE INDEX idx_fsm_transitions_created_at ON fsm_transitions(created_at DESC);`;

export interface LegacyUpsert {
  readonly bridge: string;
  readonly namespace: string;
  readonly items: number;
  readonly state?: string;
  readonly at?: string;
}

export const legacyUpsert = (client: pg.Pool | pg.ClientBase, row: LegacyUpsert) =>
  client.query<{ bridge_id: string; namespace: string; total_items_aggregated: number }>(
    `INSERT INTO bridge_states (bridge_id, namespace, total_workflows_processed, total_items_aggregated,
       aggregation_metadata, current_fsm_state, last_aggregation_timestamp, created_at, updated_at)
     VALUES ($1, $2, 1, $3, '{"by": "legacy"}', $4, $5, NOW(), NOW())
     ON CONFLICT (bridge_id) DO UPDATE SET
       namespace = EXCLUDED.namespace,
       total_workflows_processed = bridge_states.total_workflows_processed + EXCLUDED.total_workflows_processed,
       total_items_aggregated = bridge_states.total_items_aggregated + EXCLUDED.total_items_aggregated,
       aggregation_metadata = EXCLUDED.aggregation_metadata,
       current_fsm_state = EXCLUDED.current_fsm_state,
       last_aggregation_timestamp = EXCLUDED.last_aggregation_timestamp,
       updated_at = NOW()
     RETURNING bridge_id, namespace, total_workflows_processed, total_items_aggregated`,
    [row.bridge, row.namespace, row.items, row.state ?? 'LEGACY', row.at ?? '2025-10-23T10:00:00Z'],
  );

export const legacyTransition = (
  client: pg.Pool | pg.ClientBase,
  workflow: string,
  from: string | null,
  to: string,
  data: object = { metadata: { namespace: 'legacy' } },
) =>
  client.query<{ id: string }>(
    `INSERT INTO fsm_transitions (id, entity_id, entity_type, from_state, to_state, transition_event, transition_data, created_at)
     VALUES (gen_random_uuid(), $1, 'workflow_execution', $2, $3, 'legacy', $4, NOW())
     RETURNING id, entity_id, from_state, to_state, created_at`,
    [workflow, from, to, data],
  );
