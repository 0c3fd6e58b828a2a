-- Open letters whose .dlq copy is to be sent. A redrive asks for them every minute, and must not read the others.
CREATE INDEX idx_dead_letters_uncopied ON dead_letters (id) WHERE redriven_at IS NULL AND copied_at IS NULL;
