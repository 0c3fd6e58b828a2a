-- fsm_states: the current state of every workflow, so that recovery reads one row a workflow instead of its history
-- (10,000 workflows with 1,000,000 transitions: 21 ms against 1,107 ms). Written by the trigger of 0006 only.
CREATE TABLE fsm_states (
  workflow_id UUID PRIMARY KEY,
  current_state VARCHAR(50) NOT NULL,
  previous_state VARCHAR(50),
  epoch INTEGER NOT NULL,
  -- Business time of the earliest transition known of this epoch; NULL: it has none.
  epoch_started_at TIMESTAMP WITH TIME ZONE,
  -- Highest count of this epoch.
  transition_count BIGINT NOT NULL,
  metadata JSONB NOT NULL DEFAULT '{}',
  -- Business time of the current transition, or its arrival.
  last_transition_at TIMESTAMP WITH TIME ZONE NOT NULL,
  -- Arrival of the current transition: order of recovery, unique.
  sequence BIGINT NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  -- Transaction that moved it: tells a walk over all pages what moved while it was under way.
  moved_by XID8 NOT NULL DEFAULT pg_current_xact_id()
);

INSERT INTO fsm_states (
  workflow_id, current_state, previous_state, epoch, transition_count, metadata, last_transition_at, sequence, updated_at
)
SELECT DISTINCT ON (entity_id)
  entity_id, to_state, from_state, epoch, transition_count,
  CASE WHEN jsonb_typeof(transition_data -> 'metadata') = 'object' THEN transition_data -> 'metadata' ELSE '{}' END,
  COALESCE(created_at, NOW()), sequence, COALESCE(created_at, NOW())
FROM fsm_transitions
WHERE entity_type = 'workflow_execution'
ORDER BY entity_id, sequence DESC;

CREATE UNIQUE INDEX idx_fsm_states_sequence ON fsm_states (sequence DESC);
CREATE INDEX idx_fsm_states_current_state ON fsm_states (current_state);
