-- bridge_states: aggregated counts per (bridge_id, namespace). A database without the table gets its final shape here;
-- one that has the legacy table (key: bridge_id alone, INTEGER totals) keeps it, widened, and is expanded by 0002.
-- Why a view, and not the table's own name: docs/adr/0002-legacy-tables.md.
CREATE TABLE IF NOT EXISTS bridge_states (
  bridge_id UUID NOT NULL,
  namespace VARCHAR(255) NOT NULL,
  total_workflows_processed BIGINT NOT NULL DEFAULT 0,
  total_items_aggregated BIGINT NOT NULL DEFAULT 0,
  aggregation_metadata JSONB DEFAULT '{}',
  current_fsm_state VARCHAR(50) NOT NULL,
  last_aggregation_timestamp TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
  PRIMARY KEY (bridge_id, namespace)
);

CREATE INDEX IF NOT EXISTS idx_bridge_states_namespace ON bridge_states (namespace);
CREATE INDEX IF NOT EXISTS idx_bridge_states_fsm_state ON bridge_states (current_fsm_state);

-- Rewrites a legacy table (1,000,000 rows: about 5 s under an exclusive lock); a no-op on BIGINT.
ALTER TABLE bridge_states
  ALTER COLUMN total_workflows_processed TYPE BIGINT,
  ALTER COLUMN total_items_aggregated TYPE BIGINT;

-- The one name this service writes through; the cut-over changes what is behind it, not the statements.
CREATE VIEW bridge_state_rows AS
  SELECT bridge_id, namespace, total_workflows_processed, total_items_aggregated, aggregation_metadata,
    current_fsm_state, last_aggregation_timestamp, created_at, updated_at
  FROM bridge_states;
