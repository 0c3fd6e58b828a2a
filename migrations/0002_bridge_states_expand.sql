-- Expand (docs/adr/0002-legacy-tables.md): while legacy writers are still about, their table stays as it is, so that their
-- ON CONFLICT (bridge_id) keeps its unique index, and inherits a child keyed by (bridge_id, namespace) for our rows.
-- A SELECT from bridge_states shows both. Invariant: a (bridge_id, namespace) is in exactly one of the two.

-- Whoever inserts a key takes over the other table's row of that key: its counts are added to NEW and the row is deleted.
-- Moving rows instead would fail: ON CONFLICT DO UPDATE may not touch a row that its own command inserted (21000).
CREATE FUNCTION bridge_absorb_other_row() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  other RECORD;
BEGIN
  -- Two first inserts of a key, one on each side, cannot see each other: the lock makes the second one wait. Per bridge_id,
  -- not per key: a legacy transaction writes the namespaces of one bridge_id in any order, and must not deadlock with ours.
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.bridge_id::text, 6274));
  IF TG_TABLE_NAME = 'bridge_states' THEN
    IF TG_OP = 'INSERT' THEN
      -- With a row of that bridge_id the INSERT fails or turns to DO UPDATE, which has a trigger of its own.
      PERFORM 1 FROM ONLY bridge_states WHERE bridge_id = NEW.bridge_id FOR NO KEY UPDATE;
      IF FOUND THEN
        RETURN NEW;
      END IF;
    END IF;
    DELETE FROM bridge_states_by_namespace WHERE bridge_id = NEW.bridge_id AND namespace = NEW.namespace
      RETURNING * INTO other;
  ELSE
    DELETE FROM ONLY bridge_states WHERE bridge_id = NEW.bridge_id AND namespace = NEW.namespace
      RETURNING * INTO other;
  END IF;
  IF NOT FOUND THEN
    RETURN NEW;
  END IF;

  NEW.total_workflows_processed := NEW.total_workflows_processed + other.total_workflows_processed;
  NEW.total_items_aggregated := NEW.total_items_aggregated + other.total_items_aggregated;
  NEW.created_at := LEAST(NEW.created_at, other.created_at);
  IF COALESCE(other.last_aggregation_timestamp, '-infinity') > COALESCE(NEW.last_aggregation_timestamp, '-infinity') THEN
    NEW.aggregation_metadata := other.aggregation_metadata;
    NEW.current_fsm_state := other.current_fsm_state;
    NEW.last_aggregation_timestamp := other.last_aggregation_timestamp;
  ELSIF NEW.current_fsm_state = 'UNKNOWN' THEN
    NEW.current_fsm_state := other.current_fsm_state;
  END IF;
  RETURN NEW;
END $$;

DO $$
BEGIN
  -- The final key already, from 0001 or from before: nothing to expand.
  IF EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = 'bridge_states'::regclass AND i.indisprimary AND i.indnatts = 2
  ) THEN
    DROP FUNCTION bridge_absorb_other_row();
    RETURN;
  END IF;

  CREATE TABLE bridge_states_by_namespace (PRIMARY KEY (bridge_id, namespace)) INHERITS (bridge_states);
  CREATE INDEX ON bridge_states_by_namespace (namespace);
  CREATE INDEX ON bridge_states_by_namespace (current_fsm_state);

  CREATE OR REPLACE VIEW bridge_state_rows AS
    SELECT bridge_id, namespace, total_workflows_processed, total_items_aggregated, aggregation_metadata,
      current_fsm_state, last_aggregation_timestamp, created_at, updated_at
    FROM bridge_states_by_namespace;

  CREATE TRIGGER bridge_absorb_legacy_row BEFORE INSERT ON bridge_states_by_namespace
    FOR EACH ROW EXECUTE FUNCTION bridge_absorb_other_row();
  CREATE TRIGGER bridge_absorb_namespace_row BEFORE INSERT ON bridge_states
    FOR EACH ROW EXECUTE FUNCTION bridge_absorb_other_row();
  -- A legacy writer keeps one row per bridge_id and moves it to the namespace it wrote last.
  CREATE TRIGGER bridge_absorb_on_move BEFORE UPDATE OF bridge_id, namespace ON bridge_states
    FOR EACH ROW WHEN ((OLD.bridge_id, OLD.namespace) IS DISTINCT FROM (NEW.bridge_id, NEW.namespace))
    EXECUTE FUNCTION bridge_absorb_other_row();
END $$;
