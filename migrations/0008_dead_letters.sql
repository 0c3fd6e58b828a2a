-- Records that Kafka would not take: kept until they are redriven.
CREATE TABLE dead_letters (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  intent_id UUID,
  event_id UUID NOT NULL UNIQUE,
  topic TEXT NOT NULL,
  message_key TEXT NOT NULL,
  message_value TEXT NOT NULL,
  headers JSONB NOT NULL DEFAULT '{}',
  failure_reason TEXT NOT NULL,
  retry_attempts INTEGER NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
  last_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
  -- NULL: open.
  redriven_at TIMESTAMP WITH TIME ZONE
);

-- "Is a letter open for this topic and key", and redrive in order.
CREATE INDEX idx_dead_letters_open ON dead_letters (topic, message_key, id) WHERE redriven_at IS NULL;
