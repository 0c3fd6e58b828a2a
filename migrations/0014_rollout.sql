-- The staged rollout beside the legacy writers: which share of the correlation ids takes the new path (ADR 0010).

-- One row, once the share has been set.
CREATE TABLE rollout (
  only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  -- Of the correlation ids that come new; those that are routed stay on their path.
  percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
  -- Rolled back; stays so until a person sets a share.
  latched BOOLEAN NOT NULL DEFAULT false,
  -- p95 of the legacy path, milliseconds: what is left to compare with when nothing takes it any more.
  baseline_ms DOUBLE PRECISION,
  -- Counts the changes.
  revision BIGINT NOT NULL DEFAULT 1,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE rollout_changes (
  revision BIGINT PRIMARY KEY,
  percent INTEGER NOT NULL,
  latched BOOLEAN NOT NULL,
  reason TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL
);

CREATE TABLE rollout_routes (
  correlation_id TEXT PRIMARY KEY,
  path TEXT NOT NULL CHECK (path IN ('new', 'legacy')),
  routed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);
-- For pruning, with the ledger.
CREATE INDEX idx_rollout_routes_routed_at ON rollout_routes (routed_at);

-- One row a list, for the sliding window; old ones go when new ones come.
CREATE TABLE rollout_outcomes (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  path TEXT NOT NULL,
  settled_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
  duration_ms DOUBLE PRECISION NOT NULL,
  intents INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  publishes INTEGER NOT NULL,
  publish_failures INTEGER NOT NULL,
  -- Whether PostgreSQL could not be reached for one of its intents.
  database_failure BOOLEAN NOT NULL
);
CREATE INDEX idx_rollout_outcomes_settled_at ON rollout_outcomes (settled_at);
