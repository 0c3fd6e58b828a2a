/** What is sent to Kafka, and what became of it. */
import type { EffectError } from '../failure.js';

export interface PublishFields {
  readonly event_type: string;
  readonly topic: string;
  readonly event_id: string;
  readonly event_published: boolean;
  readonly dlq_fallback: boolean;
}

/** A message for Kafka, already wrapped: `key` decides the partition and so the order. */
export interface OutboundMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What became of one message. `sent`: all replicas have it. */
export type SendOutcome = { readonly sent: true } | { readonly sent: false; readonly error: EffectError };

export interface EventPublisher {
  /**
   * Settles each message, in order. After one that was not sent for another reason than being `invalid`, none of its topic is.
   */
  publish(messages: readonly OutboundMessage[]): Promise<SendOutcome[]>;
}
