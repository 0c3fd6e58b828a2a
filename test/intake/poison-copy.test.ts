/** Copies for the `.dlq` topic: all of a message, in messages that a topic takes. */
import assert from 'node:assert/strict';
import { copiesOf, type PoisonCopy } from '../../src/domain/dead-letters/poison-copy.js';
import type { OutboundMessage } from '../../src/domain/events/publisher.js';
import { message, TOPIC } from './support.js';

describe('a copy for the .dlq topic', () => {
  /** Bytes of a copy as the broker counts them, without the record's frame. */
  const sizeOf = ({ key, value, headers }: OutboundMessage): number =>
    [key, value, ...Object.entries(headers).flat()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

  for (const [name, raw] of [
    ['zeros, which JSON makes six times as long', { ...message(7, Buffer.alloc(200_000)) }],
    ['a key that fills a message', { ...message(7, 'x'), key: Buffer.alloc(900_000, 'k') }],
    ['headers that fill a message', { ...message(7, 'x'), headers: [['h', Buffer.alloc(800_000, 1)] as const] }],
  ] as const) {
    it(`copies ${name}, in messages that a topic takes`, () => {
      const copies = copiesOf(raw, 'no JSON', '.dlq');
      for (const copy of copies) assert.ok(sizeOf(copy) < 1_000_000, `${sizeOf(copy)} bytes`);
      const parts = copies.map(({ value }) => JSON.parse(value) as PoisonCopy);
      const bytes = Buffer.concat(parts.map(({ original_data }) => Buffer.from(original_data ?? '', 'base64')));
      if (parts[0]?.original_encoding !== 'record') {
        assert.ok(bytes.equals(raw.value ?? Buffer.alloc(0)));
        return;
      }
      const { key, headers, value } = JSON.parse(String(bytes)) as {
        key: string;
        headers: [string, string][];
        value: string;
      };
      assert.deepEqual(
        [key, headers, value],
        [
          raw.key?.toString('base64') ?? null,
          raw.headers.map(([n, h]) => [n, h.toString('base64')]),
          raw.value?.toString('base64'),
        ],
      );
    });
  }

  it('cuts a message that fits no copy, without losing a byte', () => {
    const value = Buffer.from(Array.from({ length: 1_400_000 }, (_, index) => index % 251));
    const parts = copiesOf(message(7, value), 'too large', '.dlq').map(
      (copy) => [copy, JSON.parse(copy.value) as PoisonCopy] as const,
    );
    assert.deepEqual(
      parts.map(([copy, { part, parts: of }]) => [copy.topic, Buffer.byteLength(copy.value) < 1_000_000, part, of]),
      [1, 2, 3].map((part) => [`${TOPIC}.dlq`, true, part, 3]),
    );
    const joined = Buffer.concat(parts.map(([, { original_data }]) => Buffer.from(original_data ?? '', 'base64')));
    assert.ok(joined.equals(value));
  });
});
