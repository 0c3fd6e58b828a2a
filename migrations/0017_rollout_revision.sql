-- Which change of the share a list was routed under: one that was routed before a person lifted a rollback and fails after it is
-- no reason for the next (ADR 0010). Null in rows from before: counted for none, and gone in an hour.
ALTER TABLE rollout_outcomes ADD COLUMN revision BIGINT;
