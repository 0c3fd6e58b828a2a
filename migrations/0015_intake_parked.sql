-- Lists of the intake that wait for a key somebody else holds, and those behind them (ADR 0009). A row is there from the end of
-- the slice that could not carry it out until the list has its verdict.
CREATE TABLE intake_parked (
  -- The order of the partition.
  seq BIGINT GENERATED ALWAYS AS IDENTITY,
  event_id TEXT PRIMARY KEY,
  -- Workflow id of the partition's slices.
  partition TEXT NOT NULL,
  -- Of its intents: `{intent type}/{order key}`.
  keys TEXT[] NOT NULL,
  -- JSON, not JSONB: it is run word for word, and texts of callers may hold what JSONB refuses.
  list JSON NOT NULL,
  parked_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX idx_intake_parked_partition ON intake_parked (partition, seq);
