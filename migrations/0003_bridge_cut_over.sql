-- Contract (docs/adr/0002-legacy-tables.md): once no legacy writer is left, bridge_states itself gets the key
-- (bridge_id, namespace) and takes the child's rows. The table keeps its identity, so grants, publications and views that
-- others made on it stay; moving the legacy rows into the child and renaming it would lose them.
-- Returns the number of rows moved. Safe to repeat: 0 when there is nothing to cut over. Afterwards ON CONFLICT (bridge_id)
-- fails with 42P10, by intention: that statement cannot be right on the new key.
CREATE FUNCTION bridge_cut_over() RETURNS BIGINT LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  moved BIGINT;
  legacy_key TEXT;
BEGIN
  IF to_regclass('bridge_states_by_namespace') IS NULL THEN
    RETURN 0;
  END IF;
  -- In the order in which our own statements lock them, view first: the view's new definition is then read by whoever waits.
  LOCK TABLE bridge_state_rows, bridge_states IN ACCESS EXCLUSIVE MODE;
  -- Somebody else may have cut over while we waited.
  IF to_regclass('bridge_states_by_namespace') IS NULL THEN
    RETURN 0;
  END IF;

  DROP TRIGGER bridge_absorb_legacy_row ON bridge_states_by_namespace;
  DROP TRIGGER bridge_absorb_namespace_row ON bridge_states;
  DROP TRIGGER bridge_absorb_on_move ON bridge_states;

  SELECT conname INTO STRICT legacy_key FROM pg_constraint WHERE conrelid = 'bridge_states'::regclass AND contype = 'p';
  EXECUTE format('ALTER TABLE bridge_states DROP CONSTRAINT %I', legacy_key);
  EXECUTE format('ALTER TABLE bridge_states ADD CONSTRAINT %I PRIMARY KEY (bridge_id, namespace)', legacy_key);

  -- A child has its parent's columns in its parent's order. A key in both tables would fail here (23505) rather than be
  -- counted wrongly.
  INSERT INTO bridge_states SELECT * FROM bridge_states_by_namespace;
  GET DIAGNOSTICS moved = ROW_COUNT;

  CREATE OR REPLACE VIEW bridge_state_rows AS
    SELECT bridge_id, namespace, total_workflows_processed, total_items_aggregated, aggregation_metadata,
      current_fsm_state, last_aggregation_timestamp, created_at, updated_at
    FROM bridge_states;
  DROP TABLE bridge_states_by_namespace;
  DROP FUNCTION bridge_absorb_other_row();
  RETURN moved;
END $$;
