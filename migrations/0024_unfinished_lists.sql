-- A list of the intake that is answered, and not `completed`, can be executed again under its ids (ADR 0032).
ALTER TABLE intake_verdicts
  -- When the list was put on its topic first. NULL: unknown, or a row of an older build.
  ADD COLUMN emitted_at TIMESTAMP WITH TIME ZONE,
  -- When it was put there for the run that the verdict is about. NULL: the first run.
  ADD COLUMN rerun_at TIMESTAMP WITH TIME ZONE,
  -- The list as it came. JSON, not JSONB: it is executed word for word. NULL: the verdict is final.
  ADD COLUMN list JSON;
