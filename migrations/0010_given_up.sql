-- Giving up is settled: an intent reported as failed after its attempts ended without an answer leaves a tombstone, so that an
-- attempt still under way finds its id taken. Another execution takes the id over.
ALTER TABLE executed_intents
  -- Executions that gave the intent up. NULL: it had its effect. Otherwise `outcome` holds {error, error_code}.
  ADD COLUMN given_up_by TEXT[];
