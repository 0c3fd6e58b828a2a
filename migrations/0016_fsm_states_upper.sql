-- Recovery compares states in upper case, for legacy writers keep them as they came.
DROP INDEX idx_fsm_states_current_state;
CREATE INDEX idx_fsm_states_current_state ON fsm_states (upper(current_state));
