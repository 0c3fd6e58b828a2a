/** The copy of a dead letter on its topic's `.dlq` topic: the seed system's shape (design 9). */
import type { NewDeadLetter, OutboundMessage } from './ports.js';

export interface DeadLetterCopy {
  readonly original_topic: string;
  readonly original_key: string;
  /** The envelope, as it would have been published. */
  readonly original_data: unknown;
  readonly failure_reason: string;
  /** ISO 8601 UTC. */
  readonly failure_timestamp: string;
  readonly retry_attempts: number;
}

/** @param failedAt ISO 8601. @param suffix of dead letter topics, `.dlq` by default (KAFKA_DLQ_SUFFIX). */
export function copyOf(letter: NewDeadLetter, failedAt: string, suffix: string): OutboundMessage {
  const { message, failure_reason, retry_attempts } = letter;
  const copy: DeadLetterCopy = {
    original_topic: message.topic,
    original_key: message.key,
    original_data: JSON.parse(message.value),
    failure_reason,
    failure_timestamp: failedAt,
    retry_attempts,
  };
  return {
    topic: `${message.topic}${suffix}`,
    key: message.key,
    value: JSON.stringify(copy),
    headers: { ...message.headers, original_topic: message.topic, failure_reason },
  };
}
