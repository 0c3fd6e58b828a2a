-- An operator asks for an emitted list by its request id, too (`bridge status`).
-- NULL: the list has none of its own, or the row is of an older build.
ALTER TABLE intake_verdicts ADD COLUMN request_id TEXT;
ALTER TABLE intake_parked ADD COLUMN request_id TEXT;
CREATE INDEX idx_intake_verdicts_request_id ON intake_verdicts (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX idx_intake_parked_request_id ON intake_parked (request_id) WHERE request_id IS NOT NULL;
