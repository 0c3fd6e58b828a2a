-- How the lists that came through the intake ended. A row is written before its INTENT_RESULT event is published, and never
-- changed: a list that is delivered again is not run again and is told the same.
CREATE TABLE intake_verdicts (
  -- Of the envelope that brought the list.
  event_id TEXT PRIMARY KEY,
  -- JSON, not JSONB: told again word for word, and texts of callers may hold what JSONB refuses.
  verdict JSON NOT NULL,
  stored_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);
-- For pruning, with the ledger.
CREATE INDEX idx_intake_verdicts_stored_at ON intake_verdicts (stored_at);
