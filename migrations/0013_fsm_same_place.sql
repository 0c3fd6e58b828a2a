-- "Of two at the same place and time the later arrival counts" held only where their time is not from before the epoch began,
-- which it is after a transition without a count that is older than the ones before it. Else as in 0006.
CREATE OR REPLACE FUNCTION fsm_place_transition() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  stored fsm_states;
  place CONSTANT BIGINT := NEW.transition_count;
  happened CONSTANT TIMESTAMP WITH TIME ZONE := NEW.transition_at;
  arrived CONSTANT TIMESTAMP WITH TIME ZONE := COALESCE(NEW.created_at, clock_timestamp());
  about CONSTANT JSONB :=
    CASE WHEN jsonb_typeof(NEW.transition_data -> 'metadata') = 'object' THEN NEW.transition_data -> 'metadata' ELSE '{}' END;
  began TIMESTAMP WITH TIME ZONE;
  moves BOOLEAN := true;
BEGIN
  LOOP
    SELECT * INTO stored FROM fsm_states WHERE workflow_id = NEW.entity_id FOR NO KEY UPDATE;
    EXIT WHEN FOUND;
    NEW.epoch := 1;
    NEW.transition_count := COALESCE(place, 1);
    INSERT INTO fsm_states VALUES (NEW.entity_id, NEW.to_state, NEW.from_state, NEW.epoch, happened, NEW.transition_count,
      about, COALESCE(happened, arrived), NEW.sequence, arrived)
      ON CONFLICT (workflow_id) DO NOTHING;
    IF FOUND THEN
      RETURN NEW;
    END IF;
    -- Another transaction inserted the workflow's first transition: go on from there.
  END LOOP;

  -- The number was drawn before the row was locked, and someone was faster.
  IF NEW.sequence <= stored.sequence THEN
    NEW.sequence := nextval('fsm_transitions_sequence');
  END IF;
  NEW.epoch := stored.epoch;
  began := stored.epoch_started_at;

  IF place IS NULL THEN
    NEW.transition_count := stored.transition_count + 1;
  ELSIF place > stored.transition_count THEN
    IF happened < began THEN
      moves := false;
      NEW.epoch := fsm_epoch_at(NEW.entity_id, place, happened, stored.epoch - 1);
    END IF;
  ELSIF happened > stored.last_transition_at THEN
    NEW.epoch := stored.epoch + 1;
    began := happened;
  ELSIF happened < began AND NOT (place = stored.transition_count AND happened = stored.last_transition_at) THEN
    moves := false;
    NEW.epoch := fsm_epoch_at(NEW.entity_id, place, happened, stored.epoch);
    IF NEW.epoch = stored.epoch THEN
      UPDATE fsm_states SET epoch_started_at = happened WHERE workflow_id = NEW.entity_id;
    END IF;
  ELSE
    -- Of two at the same place and time the later arrival counts; of a duplicate, which will not be inserted, the first.
    moves := place = stored.transition_count
      AND COALESCE(happened = stored.last_transition_at, true)
      AND NOT EXISTS (
        SELECT FROM fsm_transitions
        WHERE entity_id = NEW.entity_id AND epoch = NEW.epoch AND transition_count = place
          AND coalesce(from_state, '') = coalesce(NEW.from_state, '') AND to_state = NEW.to_state
      );
  END IF;

  IF moves THEN
    UPDATE fsm_states SET current_state = NEW.to_state, previous_state = NEW.from_state, epoch = NEW.epoch,
      epoch_started_at = began, transition_count = NEW.transition_count, metadata = about,
      last_transition_at = COALESCE(happened, arrived), sequence = NEW.sequence, updated_at = arrived,
      moved_by = pg_current_xact_id()
    WHERE workflow_id = NEW.entity_id;
  END IF;
  RETURN NEW;
END $$;
