-- A page of parked lists goes by how many intents each holds. Not read from the list: `->` refuses, of the whole page, what JSON keeps
-- word for word (a NUL in a text, half of a surrogate pair). Of rows from before: as many as a slice holds, so that each goes alone.
ALTER TABLE intake_parked ADD COLUMN intents INTEGER NOT NULL DEFAULT 500;

-- A message key may be longer than the 2,704 bytes that an index row holds.
DROP INDEX idx_dead_letters_open;
CREATE INDEX idx_dead_letters_open ON dead_letters (topic, hashtextextended(message_key, 0), id) WHERE redriven_at IS NULL;
