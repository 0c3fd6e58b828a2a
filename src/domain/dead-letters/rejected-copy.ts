/**
 * This module makes the `.dlq` copies of rejected messages. A copy is the message itself, byte for byte, with headers
 * that say why it is there (ADR 0022).
 */
import { type HeaderValue, messageBytes, type WireMessage } from '../events/publisher.js';
import { groupBy } from '../values/group-by.js';
import { shortenMiddle } from '../values/json.js';

interface Content {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The headers in their order; a name may be there several times. */
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
}

export interface RawMessage extends Content {
  readonly partition: number;
  readonly offset: string;
  /** The time at which the message was emitted, in milliseconds since 1970; 0 when its producer did not say. */
  readonly timestamp: number;
}

/**
 * These headers are a copy's own. The last header of a name is the copy's, because a copy's headers stand behind those
 * of the message.
 */
export const REJECTED_HEADERS = {
  topic: '__intake.errors.topic',
  partition: '__intake.errors.partition',
  offset: '__intake.errors.offset',
  timestamp: '__intake.errors.timestamp',
  event_id: '__intake.errors.event_id',
  reason: '__intake.errors.reason',
  /**
   * The form of the copy. `message`: the copy is the message itself. `record`: the copy holds a part of the JSON
   * `{key, headers, value}`, each in base64.
   */
  form: '__intake.errors.form',
  part: '__intake.errors.part',
  parts: '__intake.errors.parts',
} as const;

type Headers = Partial<Record<keyof typeof REJECTED_HEADERS, string>>;

/**
 * The largest copy has this many bytes. A topic takes 1,048,588 by default (`max.message.bytes`), and 1,000,012 by the
 * default of brokers before 2.5. The rest is for the batch's frame, and for random bytes, which compression makes more.
 */
const COPY_BYTES = 990_000;
/** A part has this many bytes; its key and headers come on top. */
const PART_BYTES = 900_000;
/** The most characters of a reason, which is a header of the copy. */
export const REASON_LENGTH = 500;
/** A reason is cut to this many characters where its message needs the room. The log has all of it. */
const SHORT_REASON = 100;

/** Makes the copy of a message, or several parts in their order where one copy cannot hold the message. */
export function copiesOf(raw: RawMessage, reason: string, dlqSuffix: string): WireMessage[] {
  const { topic, partition, offset, timestamp } = raw;
  // All of these headers are always set, because a message that was copied before and emitted again as it was has older
  // ones.
  const origin = { topic, partition: String(partition), offset, timestamp: String(timestamp) };
  return copies(raw, origin, reason, `${topic}${dlqSuffix}`);
}

/**
 * Makes the copies of an envelope that was made again from its list. Nobody has its message any more, with key and
 * headers.
 */
export function copiesOfEnvelope(
  topic: string,
  envelope: { readonly event_id: string },
  reason: string,
  dlqSuffix: string,
): WireMessage[] {
  const content = { topic, key: null, value: Buffer.from(JSON.stringify(envelope)), headers: [] };
  return copies(content, { topic, event_id: envelope.event_id }, reason, `${topic}${dlqSuffix}`);
}

function copies(content: Content, origin: Headers, reason: string, topic: string): WireMessage[] {
  const { key, value } = content;
  const headers = content.headers.filter((header): header is [string, Buffer] => header[1] !== null);
  // kafkajs sends no header without a value, so a message with such a header goes as a record, which says so.
  const fits = headers.length === content.headers.length;
  for (const text of fits ? [reason, shortenMiddle(reason, SHORT_REASON)] : []) {
    const copy = { topic, key, value, headers: headersOf(headers, { ...origin, reason: text, form: 'message' }) };
    if (messageBytes(copy) <= COPY_BYTES) return [copy];
  }
  const record = recordOf(content);
  const parts = Math.ceil(record.length / PART_BYTES);
  // The parts have their message's origin as their key, which keeps them in one partition.
  const id = Object.values(origin).join('/');
  return Array.from({ length: parts }, (_, index) => ({
    topic,
    key: id,
    value: record.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
    headers: headersOf([], { ...origin, reason, form: 'record', part: String(index + 1), parts: String(parts) }),
  }));
}

/** Returns the record of a message: all of it as JSON, its bytes in base64. */
const recordOf = ({ key, value, headers }: Content): Buffer =>
  Buffer.from(
    JSON.stringify({
      key: base64(key),
      headers: headers.map(([name, bytes]) => [name, base64(bytes)]),
      value: base64(value),
    }),
  );

const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null;

function headersOf(given: readonly (readonly [string, Buffer])[], ours: Headers): WireMessage['headers'] {
  const own = Object.entries(ours).map(([name, text]) => [REJECTED_HEADERS[name as keyof Headers], text] as const);
  const byName = groupBy<string, readonly [string, HeaderValue]>([...given, ...own], ([name]) => name);
  return Object.fromEntries([...byName].map(([name, headers]) => [name, headers.map(([, value]) => value)]));
}
