-- What pruning the ledger and sweeping executions keep.

-- One row. `pruned_before`: ledger rows settled before it may be gone; never lowered. NULL: nothing was ever pruned.
CREATE TABLE ledger_retention (
  only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  pruned_before TIMESTAMP WITH TIME ZONE
);
INSERT INTO ledger_retention DEFAULT VALUES;

-- Closed executions whose effects are announced, or cannot be. `reason` says why they cannot.
CREATE TABLE swept_executions (
  -- Temporal execution: workflow id / run id, as in executed_intents.
  execution_id TEXT PRIMARY KEY,
  swept_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
  reason TEXT
);
CREATE INDEX idx_swept_executions_swept_at ON swept_executions (swept_at);

-- A block range never shrinks: new rows in the place of pruned ones leave it as old as its first, and soon every look for
-- old rows reads the whole table. A B-tree also knows the oldest row. 23 MB for a million rows.
CREATE INDEX idx_executed_intents_settled ON executed_intents (settled_at);
DROP INDEX idx_executed_intents_settled_at;

-- "Has this intent an open letter", and letters to prune.
CREATE INDEX idx_dead_letters_open_intent ON dead_letters (intent_id) WHERE redriven_at IS NULL;
CREATE INDEX idx_dead_letters_redriven_at ON dead_letters (redriven_at) WHERE redriven_at IS NOT NULL;
