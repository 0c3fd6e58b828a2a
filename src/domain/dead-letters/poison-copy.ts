/** Copies of rejected and of invalid envelopes for the `.dlq` topic; so nothing is dropped. */
import type { OutboundMessage } from '../events/publisher.js';

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

/** A copy of a rejected message (ADR 0006), with what is needed to have its bytes again. */
export interface PoisonCopy {
  readonly original_topic: string;
  readonly original_key: string | null;
  /**
   * As `original_encoding` says; null for a message without a value. `record`: base64 of the JSON `{key, headers, value}`, each in
   * base64, because key and headers are too large to stand beside the value.
   */
  readonly original_data: string | null;
  readonly failure_reason: string;
  /** ISO 8601 UTC. */
  readonly failure_timestamp: string;
  /** Reading it again would come to the same: 0. */
  readonly retry_attempts: 0;
  readonly original_encoding: 'utf8' | 'base64' | 'record';
  readonly original_key_encoding: 'utf8' | 'base64';
  /** Base64 each. */
  readonly original_headers: readonly (readonly [name: string, value: string])[];
  readonly original_partition: number;
  readonly original_offset: string;
  /** Of 1 to `parts`: a value too large for one copy is cut, in base64 then. */
  readonly part: number;
  readonly parts: number;
}

/** Bytes of a value in one copy: as base64 800 KB, and `max.message.bytes` is 1 MiB by default. */
const PART_BYTES = 600_000;
/** Bytes of JSON that a text may take: a control character takes six. */
const TEXT_BYTES = 400_000;
/** Bytes of key and headers beside a value; the key stands there twice. */
const BESIDE_BYTES = 50_000;

/** One copy, or several of a large message, in order and under one key. */
export function copiesOf(raw: RawMessage, reason: string, dlqSuffix: string, now = new Date()): OutboundMessage[] {
  const { topic, partition, offset, key, headers } = raw;
  const beside = (key?.length ?? 0) + headers.reduce((sum, [name, { length }]) => sum + name.length + length, 0);
  const apart = beside > BESIDE_BYTES;
  const whole = apart ? recordOf(raw) : (raw.value ?? Buffer.alloc(0));
  const parts = Math.max(1, Math.ceil(whole.length / PART_BYTES));
  const cut = apart || parts > 1;
  /** What a copy holds of the message, and in which encoding. */
  const dataOf = (index: number): Pick<PoisonCopy, 'original_data' | 'original_encoding'> => {
    if (!cut) {
      const { data, encoding } = encode(raw.value);
      return { original_data: data, original_encoding: encoding };
    }
    const piece = whole.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
    return { original_data: piece.toString('base64'), original_encoding: apart ? 'record' : 'base64' };
  };
  const originalKey = apart ? encode(null) : encode(key);
  return Array.from({ length: parts }, (_, index) => {
    const copy: PoisonCopy = {
      original_topic: topic,
      original_key: originalKey.data,
      ...dataOf(index),
      failure_reason: reason,
      failure_timestamp: now.toISOString(),
      retry_attempts: 0,
      original_key_encoding: originalKey.encoding,
      original_headers: apart ? [] : headersOf(raw),
      original_partition: partition,
      original_offset: offset,
      part: index + 1,
      parts,
    };
    return {
      topic: `${topic}${dlqSuffix}`,
      key: originalKey.data ?? '',
      value: JSON.stringify(copy),
      headers: { original_topic: topic, failure_reason: reason },
    };
  });
}

/** All of a message, so that nothing of it is lost however it is cut. */
const recordOf = (raw: RawMessage): Buffer =>
  Buffer.from(
    JSON.stringify({
      key: raw.key?.toString('base64') ?? null,
      headers: headersOf(raw),
      value: raw.value?.toString('base64') ?? null,
    }),
  );

const headersOf = ({ headers }: RawMessage) =>
  headers.map(([name, value]) => [name, value.toString('base64')] as const);

/** As text where that gives the bytes back and stays small; else base64, which grows by a third. */
function encode(bytes: Buffer | null): { readonly data: string | null; readonly encoding: 'utf8' | 'base64' } {
  if (bytes === null) return { data: null, encoding: 'utf8' };
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) && Buffer.byteLength(JSON.stringify(text)) <= TEXT_BYTES
    ? { data: text, encoding: 'utf8' }
    : { data: bytes.toString('base64'), encoding: 'base64' };
}
