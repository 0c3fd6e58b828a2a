/** This port sends messages to Kafka, and says what became of each. */
import type { z } from 'zod';
import type { EffectError } from '../failures/failure.js';
import type { publishFields } from '../intents/publish-event/schema.js';

/** These are the fields of the result of a PublishEvent. */
export type PublishFields = Readonly<z.infer<typeof publishFields>>;

export type HeaderValue = string | Buffer;

/**
 * A wire message is a message as a topic of Kafka may hold it. It may lack key or value, have bytes instead of text,
 * and have several headers of one name.
 */
export interface WireMessage {
  readonly topic: string;
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly headers: Readonly<Record<string, HeaderValue | HeaderValue[]>>;
  /** The partition instead of the key's, modulo how many there are; only for a message without an order. */
  readonly partition?: number;
}

/**
 * An outbound message is a message for Kafka that is wrapped already. Its `key` decides the partition and so the order.
 */
export interface OutboundMessage extends WireMessage {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record's frame, timestamps and lengths take this many bytes at most. */
const RECORD_BYTES = 100;
/** The lengths of a header's name and value take this many bytes at most. */
const HEADER_BYTES = 6;

/** Counts the bytes that a message takes in a request, or a few more. */
export function messageBytes({ key, value, headers }: WireMessage): number {
  const named = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((of) => [name, of] as const));
  return named.reduce(
    (sum, [name, of]) => sum + HEADER_BYTES + Buffer.byteLength(name) + Buffer.byteLength(of),
    RECORD_BYTES + Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? ''),
  );
}

/**
 * A `SendOutcome` says what became of one message. `sent`: all replicas have it. `behind`: it was not tried, because
 * one before it was not sent; `error` is that one's failure.
 */
export type SendOutcome =
  { readonly sent: true } | { readonly sent: false; readonly error: EffectError; readonly behind?: true };

/** @throws EffectError the first error of messages that were not sent. */
export function assertSent(outcomes: readonly SendOutcome[]): void {
  for (const outcome of outcomes) if (!outcome.sent) throw outcome.error;
}

interface PublishOptions {
  /**
   * Whether a message that is refused as `invalid` stops those after it of its topic and key. Default false: it fails
   * alone, because its sender learns of the failure, and the message never comes.
   */
  readonly strict?: boolean;
}

/** Returns a name for a topic and a key. Messages that share it keep their order. */
export const orderOf = (topic: string, key: WireMessage['key']): string => `${topic}\n${key?.toString() ?? ''}`;

export interface EventPublisher {
  /**
   * Delivers the messages in order, with an outcome for each. After a message that was not sent, none of its topic is
   * sent, unless it failed as `invalid`.
   */
  publish(messages: readonly WireMessage[], options?: PublishOptions): Promise<SendOutcome[]>;
}
