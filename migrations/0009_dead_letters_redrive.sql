-- What redriving needs to know of a letter.
ALTER TABLE dead_letters
  -- Redrives a broker answered with a refusal.
  ADD COLUMN redrive_count INTEGER NOT NULL DEFAULT 0,
  -- When a broker took the copy on the .dlq topic. NULL: not yet.
  ADD COLUMN copied_at TIMESTAMP WITH TIME ZONE;
