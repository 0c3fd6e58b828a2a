/** Copies of envelopes that were not carried out, or are none, for the `.dlq` topic: nothing is dropped. */
import type { OutboundMessage } from './ports.js';

export interface RawMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** When it was emitted, milliseconds since 1970; 0: its producer did not say. */
  readonly timestamp: number;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

/** The seed's shape (design 9), with what is needed to have the bytes again. */
export interface PoisonCopy {
  readonly original_topic: string;
  readonly original_key: string | null;
  /** As `original_encoding` says; null for a message without a value. */
  readonly original_data: string | null;
  readonly failure_reason: string;
  /** ISO 8601 UTC. */
  readonly failure_timestamp: string;
  /** Reading it again would come to the same: 0. */
  readonly retry_attempts: 0;
  readonly original_encoding: 'utf8' | 'base64';
  readonly original_key_encoding: 'utf8' | 'base64';
  /** Base64 each. */
  readonly original_headers: readonly (readonly [name: string, value: string])[];
  readonly original_partition: number;
  readonly original_offset: string;
  /** Of 1 to `parts`: a value too large for one copy is cut, in base64 then. */
  readonly part: number;
  readonly parts: number;
}

/** Bytes of a value in one copy: as base64 800 KB, and `max.message.bytes` is 1 MiB by default. Text may triple as JSON. */
const PART_BYTES = 600_000;
const TEXT_BYTES = 250_000;

/** One copy, or several of a large message, in order and under one key. */
export function copiesOf(raw: RawMessage, reason: string, dlqSuffix: string, now = new Date()): OutboundMessage[] {
  const key = encode(raw.key, TEXT_BYTES);
  const value = encode(raw.value, TEXT_BYTES);
  const whole = raw.value ?? Buffer.alloc(0);
  const cut = whole.length > PART_BYTES;
  const parts = cut ? Math.ceil(whole.length / PART_BYTES) : 1;
  return Array.from({ length: parts }, (_, index) => {
    const copy: PoisonCopy = {
      original_topic: raw.topic,
      original_key: key.data,
      original_data: cut ? whole.subarray(index * PART_BYTES, (index + 1) * PART_BYTES).toString('base64') : value.data,
      failure_reason: reason,
      failure_timestamp: now.toISOString(),
      retry_attempts: 0,
      original_encoding: cut ? 'base64' : value.encoding,
      original_key_encoding: key.encoding,
      original_headers: raw.headers.map(([name, header]) => [name, header.toString('base64')]),
      original_partition: raw.partition,
      original_offset: raw.offset,
      part: index + 1,
      parts,
    };
    return {
      topic: `${raw.topic}${dlqSuffix}`,
      key: key.data ?? '',
      value: JSON.stringify(copy),
      headers: { original_topic: raw.topic, failure_reason: reason },
    };
  });
}

/** As text where that gives the bytes back; large text is base64, which grows by a third at most. */
function encode(bytes: Buffer | null, longest: number): { data: string | null; encoding: 'utf8' | 'base64' } {
  if (bytes === null) return { data: null, encoding: 'utf8' };
  const text = bytes.toString('utf8');
  return bytes.length <= longest && Buffer.from(text).equals(bytes)
    ? { data: text, encoding: 'utf8' }
    : { data: bytes.toString('base64'), encoding: 'base64' };
}
