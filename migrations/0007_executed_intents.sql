-- The ledger: which intents have had their effect, and with what outcome. Written in the effect's own transaction.
CREATE TABLE executed_intents (
  intent_id UUID PRIMARY KEY,
  intent_type TEXT NOT NULL,
  -- SHA-256 of the canonical raw intent: tells a repeat from another intent under the same id.
  payload_hash BYTEA NOT NULL,
  -- Temporal execution that had the effect: workflow id / run id.
  execution_id TEXT NOT NULL,
  -- The result fields of the intent's type; a repeat is answered with them.
  outcome JSONB NOT NULL,
  settled_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);

-- For retention. Rows arrive in time order, so a block range index is enough: 24 kB for a million rows, a B-tree 23 MB.
CREATE INDEX idx_executed_intents_settled_at ON executed_intents USING brin (settled_at) WITH (autosummarize = on);
