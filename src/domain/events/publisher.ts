/** What is sent to Kafka, and what became of it. */
import type { z } from 'zod';
import type { EffectError } from '../failures/failure.js';
import type { publishFields } from '../intents/publish-event/schema.js';

/** Fields of the result of a PublishEvent. */
export type PublishFields = Readonly<z.infer<typeof publishFields>>;

/** A message for Kafka, already wrapped: `key` decides the partition and so the order. */
export interface OutboundMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What became of one message. `sent`: all replicas have it. `behind`: it was not tried, as one before it was not sent, for `error`.
 */
export type SendOutcome =
  { readonly sent: true } | { readonly sent: false; readonly error: EffectError; readonly behind?: true };

interface PublishOptions {
  /**
   * Whether a message that is refused as `invalid` stops those after it of its topic and key. Default false: it fails alone,
   * because its sender learns of it and it never comes.
   */
  readonly strict?: boolean;
}

/** What messages keep their order within: a topic and a key. */
export const orderOf = (topic: string, key: string): string => `${topic}\n${key}`;

export interface EventPublisher {
  /**
   * Delivers the messages in order, with an outcome for each. After one that was not sent for another reason than being
   * `invalid`, none of its topic is sent.
   */
  publish(messages: readonly OutboundMessage[], options?: PublishOptions): Promise<SendOutcome[]>;
}
