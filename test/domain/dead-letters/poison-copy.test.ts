/** Nothing that comes in is dropped: the bytes of a message can be had again from its copies, however large or odd it is. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type DeadLetterCopy, sendCopies } from '../../../src/domain/dead-letters/copy.js';
import type { NewDeadLetter } from '../../../src/domain/dead-letters/port.js';
import type { OutboundMessage } from '../../../src/domain/events/publisher.js';
import { copiesOf, type PoisonCopy, type RawMessage } from '../../../src/domain/dead-letters/poison-copy.js';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const raw = (rest: Partial<RawMessage> = {}): RawMessage => ({
  topic: 'p.intent_emitted',
  partition: 3,
  offset: '42',
  key: Buffer.from('key'),
  value: Buffer.from('no list'),
  timestamp: 0,
  headers: [],
  ...rest,
});
const copied = (message: RawMessage) => copiesOf(message, 'why', '.dlq', NOW);
const contentOf = ({ value }: OutboundMessage) => JSON.parse(value) as PoisonCopy;

/** The message as a reader of its copies puts it together. */
function restored(copies: readonly OutboundMessage[]): Pick<RawMessage, 'key' | 'value' | 'headers'> {
  const contents = copies.map(contentOf);
  assert.deepEqual(
    contents.map(({ part, parts }) => [part, parts]),
    contents.map((_, index) => [index + 1, contents.length]),
  );
  const [first] = contents;
  assert.ok(first);
  const decoded = (text: string | null, encoding: string) =>
    text === null ? null : Buffer.from(text, encoding === 'utf8' ? 'utf8' : 'base64');
  const pieces = contents.map(({ original_data, original_encoding }) => decoded(original_data, original_encoding));
  const whole = pieces.every((piece) => piece !== null) ? Buffer.concat(pieces) : null;
  const headersIn = (headers: readonly (readonly [string, string])[]) =>
    headers.map(([name, value]) => [name, Buffer.from(value, 'base64')] as const);
  if (first.original_encoding !== 'record') {
    const key = decoded(first.original_key, first.original_key_encoding);
    return { key, value: whole, headers: headersIn(first.original_headers) };
  }
  const record = JSON.parse(String(whole)) as { key: string | null; value: string | null; headers: [string, string][] };
  return {
    key: decoded(record.key, 'base64'),
    value: decoded(record.value, 'base64'),
    headers: headersIn(record.headers),
  };
}

/** Short: what differs in a megabyte takes seconds to be shown. */
const digestOf = ({ key, value, headers }: Pick<RawMessage, 'key' | 'value' | 'headers'>) => {
  const digest = (bytes: Buffer | null) =>
    bytes === null ? null : `${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`;
  return [digest(key), digest(value), headers.map(([name, bytes]) => [name, digest(bytes)])];
};

describe('copies of what has no list', () => {
  it('say where it came from, and what was wrong with it', () => {
    const [copy, ...others] = copied(raw({ headers: [['h', Buffer.from('v')]] }));
    assert.ok(copy !== undefined && others.length === 0);
    assert.deepEqual(contentOf(copy), {
      original_topic: 'p.intent_emitted',
      original_key: 'key',
      original_data: 'no list',
      original_encoding: 'utf8',
      failure_reason: 'why',
      failure_timestamp: '2026-01-02T03:04:05.678Z',
      retry_attempts: 0,
      original_key_encoding: 'utf8',
      original_headers: [['h', 'dg==']],
      original_partition: 3,
      original_offset: '42',
      part: 1,
      parts: 1,
    });
    assert.deepEqual([copy.topic, copy.key], ['p.intent_emitted.dlq', 'key']);
    assert.deepEqual(copy.headers, { original_topic: 'p.intent_emitted', failure_reason: 'why' });
  });

  const bytes = (length: number, of = 120): Buffer => Buffer.alloc(length, of);
  const messages: readonly [what: string, message: RawMessage, copies: number, encoding: string][] = [
    ['a text', raw(), 1, 'utf8'],
    ['nothing', raw({ value: null }), 1, 'utf8'],
    ['no bytes', raw({ value: Buffer.alloc(0) }), 1, 'utf8'],
    ['no key', raw({ key: null }), 1, 'utf8'],
    ['bytes that are no UTF-8', raw({ value: Buffer.from([0xff, 0, 0xfe]) }), 1, 'base64'],
    ['a key that is no UTF-8', raw({ key: Buffer.from([0xff, 0]) }), 1, 'utf8'],
    // Each takes six bytes in JSON.
    ['few control characters', raw({ value: bytes(66_000, 1) }), 1, 'utf8'],
    ['many control characters', raw({ value: bytes(67_000, 1) }), 1, 'base64'],
    ['a text of exactly what stays one', raw({ value: bytes(399_998) }), 1, 'utf8'],
    ['a text of a byte more', raw({ value: bytes(399_999) }), 1, 'base64'],
    ['as much as one copy holds', raw({ value: bytes(600_000) }), 1, 'base64'],
    ['a byte more than one copy holds', raw({ value: bytes(600_001) }), 2, 'base64'],
    ['more than two copies hold', raw({ value: bytes(1_200_001) }), 3, 'base64'],
    ['a key of 50,000 bytes', raw({ key: bytes(50_000) }), 1, 'utf8'],
    ['a key of 50,001 bytes', raw({ key: bytes(50_001) }), 1, 'record'],
    ['headers of 50,000 bytes', raw({ key: null, headers: [['ab', bytes(49_998)]] }), 1, 'utf8'],
    ['headers of 50,001 bytes', raw({ key: null, headers: [['ab', bytes(49_999)]] }), 1, 'record'],
    ['a key and headers of 50,001 bytes', raw({ key: bytes(25_000), headers: [['a', bytes(25_000)]] }), 1, 'record'],
    ['large headers and no value', raw({ value: null, headers: [['a', bytes(60_000)]] }), 1, 'record'],
    ['large headers and no key', raw({ key: null, headers: [['a', bytes(60_000)]] }), 1, 'record'],
    ['large headers and a large value', raw({ value: bytes(600_000), headers: [['a', bytes(60_000)]] }), 2, 'record'],
  ];
  for (const [what, message, count, encoding] of messages) {
    it(`give back ${what}, in messages that a topic takes`, () => {
      const copies = copied(message);
      const { key, value, headers } = message;
      assert.deepEqual(digestOf(restored(copies)), digestOf({ key, value, headers }));
      assert.deepEqual([copies.length, contentOf(copies[0]!).original_encoding], [count, encoding]);
      for (const { value: text, key: own } of copies) assert.ok(text.length + own.length < 1_000_000, `${text.length}`);
    });
  }

  it('are under one key, so that they stay together and in order', () => {
    assert.deepEqual(
      copied(raw({ value: Buffer.alloc(600_001) })).map(({ key }) => key),
      ['key', 'key'],
    );
    const large = raw({ key: Buffer.alloc(600_001) });
    assert.deepEqual([...new Set(copied(large).map(({ key }) => key))], ['']);
    const [copy] = copied(raw({ key: null, value: null }));
    assert.equal(copy?.key, '');
  });

  it('hold a key and headers that are large once, not beside the value too', () => {
    const content = contentOf(copied(raw({ key: Buffer.alloc(60_000, 120), headers: [['a', Buffer.from('v')]] }))[0]!);
    assert.deepEqual([content.original_key, content.original_headers], [null, []]);
  });
});

describe('copies of dead letters', () => {
  const letter = (event_id: string): NewDeadLetter => ({
    intent_id: 'i',
    event_id,
    message: { topic: 'p.state_persisted', key: 'k', value: `{"n":"${event_id}"}`, headers: { event_id } },
    failure_reason: 'down',
    retry_attempts: 3,
  });

  it('are in the shape of the seed contract, and only those a broker took are called sent', async () => {
    const published: OutboundMessage[] = [];
    const publisher = {
      publish: (messages: readonly OutboundMessage[]) => {
        published.push(...messages);
        return Promise.resolve([{ sent: true as const }, { sent: false as const, error: new Error('no') }]);
      },
    } as unknown as Parameters<typeof sendCopies>[2]['publisher'];
    const failedAt = ({ event_id }: NewDeadLetter) => `at ${event_id}`;
    const outlet = { publisher, topicSuffix: '.dlq' } as Parameters<typeof sendCopies>[2];
    // The third has no outcome: it was not sent either.
    assert.deepEqual(await sendCopies(['a', 'b', 'c'].map(letter), failedAt, outlet), ['a']);
    const [first] = published;
    assert.deepEqual(JSON.parse(first?.value ?? '') as DeadLetterCopy, {
      original_topic: 'p.state_persisted',
      original_key: 'k',
      original_data: { n: 'a' },
      failure_reason: 'down',
      failure_timestamp: 'at a',
      retry_attempts: 3,
    });
    assert.deepEqual(
      [first?.topic, first?.key, first?.headers],
      ['p.state_persisted.dlq', 'k', { event_id: 'a', original_topic: 'p.state_persisted', failure_reason: 'down' }],
    );
    assert.equal(published.length, 3);
  });
});
