/**
 * This module does what a reader of the `.dlq` topic does with copies of rejected messages. The reader learns why a
 * message was rejected, and has the message again (ADR 0022).
 */
import assert from 'node:assert/strict';
import { type RawMessage, REJECTED_HEADERS } from '../../src/domain/dead-letters/rejected-copy.js';
import type { WireMessage } from '../../src/domain/events/publisher.js';

type Rejection = { readonly [name in keyof typeof REJECTED_HEADERS]?: string };
type Headers = Readonly<Record<string, unknown>>;
/** A copy as it is sent, or as kafkajs reads it. */
export type Copy = Pick<WireMessage, 'key' | 'value'> & { readonly headers: Headers };
export type Restored = Pick<RawMessage, 'key' | 'value' | 'headers'>;

/**
 * Returns the values of a header. In front of those of a header called `constructor`, kafkajs puts what its own object
 * inherits.
 */
const valuesOf = (headers: Headers, name: string): (string | Buffer)[] =>
  [headers[name]].flat().filter((value) => typeof value === 'string' || Buffer.isBuffer(value));
const bytesOf = (of: string | Buffer | null): Buffer | null => (of === null ? null : Buffer.from(of));

/** The headers that are added to a copy in the form `message`. */
const OF_MESSAGES = ['topic', 'partition', 'offset', 'timestamp', 'reason', 'form'] as const;
const OF_ENVELOPES = ['topic', 'event_id', 'reason', 'form'] as const;

/** Returns why a message was rejected, and where it came from. The last header of each name says so. */
export const rejectionOf = (headers: Headers): Rejection =>
  Object.fromEntries(
    Object.entries(REJECTED_HEADERS).flatMap(([field, name]) => {
      const last = valuesOf(headers, name).at(-1);
      return last === undefined ? [] : [[field, last.toString()]];
    }),
  );

/** Restores a message from the copies of it. */
export function restored(copies: readonly Copy[]): Restored {
  const [first] = copies;
  assert.ok(first);
  const { headers } = first;
  if (rejectionOf(headers).form !== 'record') {
    const own = rejectionOf(headers).offset === undefined ? OF_ENVELOPES : OF_MESSAGES;
    const ours = new Set<string>(own.map((field) => REJECTED_HEADERS[field]));
    const given = Object.keys(headers).flatMap((name) =>
      valuesOf(headers, name)
        .slice(0, ours.has(name) ? -1 : undefined)
        .map((value) => [name, bytesOf(value)] as const),
    );
    return { key: bytesOf(first.key), value: bytesOf(first.value), headers: given };
  }
  const parts = copies.map((copy) => ({ ...rejectionOf(copy.headers), value: bytesOf(copy.value) ?? Buffer.alloc(0) }));
  assert.deepEqual(
    parts.map(({ part, parts: of }) => [part, of]),
    parts.map((_, index) => [String(index + 1), String(parts.length)]),
  );
  const record = JSON.parse(String(Buffer.concat(parts.map(({ value }) => value)))) as {
    readonly key: string | null;
    readonly value: string | null;
    readonly headers: readonly (readonly [string, string | null])[];
  };
  const decoded = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'));
  return {
    key: decoded(record.key),
    value: decoded(record.value),
    headers: record.headers.map(([name, value]) => [name, decoded(value)] as const),
  };
}
