-- A recovery reads the workflows that have not ended, and those that ended on or after a day (ADR 0029). Both indexes begin with the
-- day; infinity: not ended. Where they put NULLs, which there are none of, is not where the primary key and the index of 0005 do: only
-- these two can then give the order of a day, and the planner cannot take those and pass over all other days. The states are those of src/domain/recovery/terminal-states.ts: a change there needs new indexes.
-- IF NOT EXISTS: whoever has tens of millions of workflows builds them CONCURRENTLY beforehand (docs/operations.md), for a writer
-- waits while they are built here.
CREATE INDEX IF NOT EXISTS idx_fsm_states_ended_on_workflow ON fsm_states ((
  CASE WHEN upper(current_state) = ANY ('{COMPLETED,FAILED,CANCELLED,CANCELED,TERMINATED,TIMED_OUT,ABORTED}'::text[])
    THEN date_trunc('day', updated_at AT TIME ZONE 'UTC') ELSE 'infinity'::timestamp END
), workflow_id NULLS FIRST);
CREATE INDEX IF NOT EXISTS idx_fsm_states_ended_on_sequence ON fsm_states ((
  CASE WHEN upper(current_state) = ANY ('{COMPLETED,FAILED,CANCELLED,CANCELED,TERMINATED,TIMED_OUT,ABORTED}'::text[])
    THEN date_trunc('day', updated_at AT TIME ZONE 'UTC') ELSE 'infinity'::timestamp END
), sequence DESC NULLS LAST);
-- How many rows a day has is known from now on.
ANALYZE fsm_states;
