-- The current transition under a newer time is a duplicate and no restart of the count (docs/adr/0028-count-before-clock.md). A restart goes
-- back to a lower count, or comes to the same one by other states. Else as in 0019.
CREATE OR REPLACE FUNCTION fsm_place_transition() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  -- Clocks differ by seconds at most; the field had 3.
  skew CONSTANT INTERVAL := '10 s';
  stored fsm_states;
  same fsm_transitions;
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
    INSERT INTO fsm_states VALUES (NEW.entity_id, NEW.to_state, NEW.from_state, NEW.epoch, NULL, NEW.transition_count,
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
  -- Rows of the triggers before this one have a time in the first epoch, too.
  began := CASE WHEN stored.epoch > 1 THEN stored.epoch_started_at END;

  IF place IS NULL THEN
    NEW.transition_count := stored.transition_count + 1;
  ELSIF place > stored.transition_count THEN
    IF happened < began THEN
      NEW.epoch := fsm_epoch_at(NEW.entity_id, place, happened, stored.epoch - 1);
      same := fsm_same_transition(NEW);
      -- What follows the stored state continues whatever its clock says, unless an earlier epoch has that very transition.
      moves := COALESCE(place = stored.transition_count + 1 AND NEW.from_state = stored.current_state, false)
        AND same.transition_at IS DISTINCT FROM happened;
      IF moves THEN
        NEW.epoch := stored.epoch;
      END IF;
    END IF;
  ELSE
    same := fsm_same_transition(NEW);
    IF same.transition_at = happened
      -- Whoever tries the current transition again may give it the time of the attempt.
      OR same.id IS NOT NULL AND place = stored.transition_count AND happened > stored.last_transition_at
    THEN
      moves := false;
    ELSIF happened < began AND NOT (place = stored.transition_count AND happened = stored.last_transition_at) THEN
      moves := false;
      -- In the current epoch nothing that does not move the state may be above the current transition.
      NEW.epoch := fsm_epoch_at(NEW.entity_id, place, happened, CASE
        WHEN place = stored.transition_count AND happened > stored.last_transition_at THEN stored.epoch - 1
        ELSE stored.epoch END);
      IF NEW.epoch = stored.epoch THEN
        UPDATE fsm_states SET epoch_started_at = happened WHERE workflow_id = NEW.entity_id;
      END IF;
    ELSIF happened > stored.last_transition_at AND (
      place = stored.transition_count
      OR happened > stored.last_transition_at + skew
      -- A restart repeats a count; a count that the epoch does not have yet is late, by a clock that is ahead.
      OR EXISTS (
        SELECT FROM fsm_transitions
        WHERE entity_id = NEW.entity_id AND epoch = stored.epoch AND transition_count = place AND intent_id IS NOT NULL
      )
      -- Rows of legacy writers are in no such index, so they are looked for last.
      OR EXISTS (
        SELECT FROM fsm_transitions
        WHERE entity_id = NEW.entity_id AND epoch = stored.epoch AND transition_count = place AND intent_id IS NULL
      )
    ) THEN
      NEW.epoch := stored.epoch + 1;
      began := happened;
    ELSE
      -- Of two at the same place and time the later arrival counts; of a duplicate, which will not be inserted, the first.
      moves := place = stored.transition_count
        AND COALESCE(happened = stored.last_transition_at, true)
        AND same.id IS NULL;
    END IF;
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
