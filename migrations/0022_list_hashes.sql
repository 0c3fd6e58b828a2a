-- An event id names one list of intents: another list under a used id is rejected, and not taken for a repeat (ADR 0030). The hash tells
-- them apart. NULL in rows of before, and of workers that do not know it yet: their list counts as the same.
ALTER TABLE intake_verdicts ADD COLUMN list_hash BYTEA;
ALTER TABLE intake_parked ADD COLUMN list_hash BYTEA;
