/** This module makes and sends the `.dlq` copies of dead letters. Their shape is in ADR 0006. */
import type { DeadLetterOutlet, NewDeadLetter } from './port.js';
import type { OutboundMessage } from '../events/publisher.js';

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

/**
 * Sends copies of dead letters; `failedAt` says when a letter failed, ISO 8601.
 * @returns the event ids of the letters whose copy a broker took.
 */
export async function sendCopies<L extends NewDeadLetter>(
  letters: readonly L[],
  failedAt: (letter: L) => string,
  { publisher, topicSuffix }: DeadLetterOutlet,
): Promise<string[]> {
  const outcomes = await publisher.publish(letters.map((letter) => copyOf(letter, failedAt(letter), topicSuffix)));
  return letters.flatMap(({ event_id }, index) => (outcomes[index]?.sent === true ? [event_id] : []));
}

function copyOf(letter: NewDeadLetter, failedAt: string, suffix: string): OutboundMessage {
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
