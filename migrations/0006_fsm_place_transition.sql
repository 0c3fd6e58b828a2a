-- Gives every transition of a workflow its place (epoch, transition_count), and moves fsm_states forward, in the
-- transaction that inserts it, whoever inserts it. A BEFORE trigger, because the unique index has to see the epoch.
-- The rules, with their reasons: docs/adr/0003-ledger-and-stores.md.

-- The epoch of a transition that happened before its workflow's current epoch began, judged by its neighbours in time.
-- Epochs before the first one that was seen count down (0, -1, ...): with 1 for them, too, a late transition of an unseen
-- epoch could take the place, in the unique index, of one of the first.
CREATE FUNCTION fsm_epoch_at(workflow UUID, place BIGINT, happened TIMESTAMP WITH TIME ZONE, newest INTEGER)
RETURNS INTEGER LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  near RECORD;
BEGIN
  SELECT epoch, transition_count, COALESCE(transition_at, created_at) AS happened_at INTO near
  FROM fsm_transitions
  WHERE entity_id = workflow AND entity_type = 'workflow_execution' AND COALESCE(transition_at, created_at) <= happened
  ORDER BY COALESCE(transition_at, created_at) DESC, epoch DESC, transition_count DESC
  LIMIT 1;
  IF FOUND THEN
    -- A count that did not grow in the meantime has started again.
    RETURN LEAST(newest,
      CASE WHEN place <= near.transition_count AND happened > near.happened_at THEN near.epoch + 1 ELSE near.epoch END);
  END IF;
  SELECT epoch, transition_count INTO near
  FROM fsm_transitions
  WHERE entity_id = workflow AND entity_type = 'workflow_execution' AND COALESCE(transition_at, created_at) > happened
  ORDER BY COALESCE(transition_at, created_at), epoch, transition_count
  LIMIT 1;
  RETURN LEAST(newest, CASE WHEN place < near.transition_count THEN near.epoch ELSE near.epoch - 1 END);
END $$;

CREATE FUNCTION fsm_place_transition() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
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
  ELSIF happened < began THEN
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

CREATE TRIGGER fsm_place_transition BEFORE INSERT ON fsm_transitions
  FOR EACH ROW WHEN (NEW.entity_type = 'workflow_execution') EXECUTE FUNCTION fsm_place_transition();
