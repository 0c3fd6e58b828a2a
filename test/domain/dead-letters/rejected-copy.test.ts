/**
 * These tests check that no message is dropped. Its bytes can be had again from its copies, however large or odd it is.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type DeadLetterCopy, sendCopies } from '../../../src/domain/dead-letters/copy.js';
import type { NewDeadLetter } from '../../../src/domain/dead-letters/port.js';
import { messageBytes, type OutboundMessage } from '../../../src/domain/events/publisher.js';
import { copiesOf, copiesOfEnvelope, type RawMessage } from '../../../src/domain/dead-letters/rejected-copy.js';
import { rejectionOf, type Restored, restored } from '../../support/rejected.js';

const raw = (rest: Partial<RawMessage> = {}): RawMessage => ({
  topic: 'p.intent_emitted',
  partition: 3,
  offset: '42',
  key: Buffer.from('key'),
  value: Buffer.from('no list'),
  timestamp: 1_767_323_045_678,
  headers: [],
  ...rest,
});
const copied = (message: RawMessage, reason = 'why') => copiesOf(message, reason, '.dlq');

/** Returns digests instead of the bytes. A difference in a megabyte would take seconds to be shown. */
const digestOf = ({ key, value, headers }: Restored) => {
  const digest = (bytes: Buffer | null) =>
    bytes === null ? null : `${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`;
  return [digest(key), digest(value), headers.map(([name, bytes]) => [name, digest(bytes)])];
};

/** Bytes of a batch with one record that brokers before 2.5 take by default. Later ones take 1,048,588. */
const MAX_MESSAGE_BYTES = 1_000_012;

describe('copies of rejected messages', () => {
  it('are the message with its key, its bytes and its headers; headers of ours say where it came from, and why', () => {
    const [copy, ...others] = copied(raw({ headers: [['h', Buffer.from('v')]] }));
    assert.deepEqual(others, []);
    assert.deepEqual(copy, {
      topic: 'p.intent_emitted.dlq',
      key: Buffer.from('key'),
      value: Buffer.from('no list'),
      headers: {
        h: [Buffer.from('v')],
        '__intake.errors.topic': ['p.intent_emitted'],
        '__intake.errors.partition': ['3'],
        '__intake.errors.offset': ['42'],
        '__intake.errors.timestamp': ['1767323045678'],
        '__intake.errors.reason': ['why'],
        '__intake.errors.form': ['message'],
      },
    });
  });

  const bytes = (length: number, of = 120): Buffer => Buffer.alloc(length, of);
  const odd = Buffer.from([0xff, 0, 0xfe]);
  const messages: readonly [what: string, message: RawMessage, parts: number | 'whole'][] = [
    ['a text', raw(), 'whole'],
    ['no value', raw({ value: null }), 'whole'],
    ['no bytes', raw({ value: Buffer.alloc(0), key: Buffer.alloc(0) }), 'whole'],
    ['no key', raw({ key: null }), 'whole'],
    ['bytes that are no UTF-8', raw({ value: odd, key: odd, headers: [['h', odd]] }), 'whole'],
    [
      'headers of one name',
      raw({
        headers: [
          ['h', Buffer.from('1')],
          ['h', odd],
          ['i', Buffer.alloc(0)],
        ],
      }),
      'whole',
    ],
    ['headers that JavaScript knows', raw({ headers: ['__proto__', 'constructor'].map((h) => [h, odd]) }), 'whole'],
    [
      'a copy that was emitted again',
      raw({
        headers: [
          ['__intake.errors.reason', odd],
          ['__intake.errors.part', odd],
        ],
      }),
      'whole',
    ],
    ['a header without a value', raw({ headers: [['h', null]] }), 1],
    ['as much as a copy holds', raw({ value: bytes(989_684) }), 'whole'],
    ['a byte more than a copy holds', raw({ value: bytes(989_685) }), 2],
    ['more than two parts hold', raw({ value: bytes(1_500_001) }), 3],
    ['a key that leaves no room', raw({ key: bytes(1_048_000), value: null }), 2],
    ['headers that leave no room', raw({ headers: [['a', bytes(1_048_000)]] }), 2],
    [
      'very many headers',
      raw({ value: bytes(900_000), headers: Array.from({ length: 30_000 }, () => ['a', Buffer.alloc(0)]) }),
      2,
    ],
  ];
  for (const [what, message, parts] of messages) {
    it(`give back ${what}, in messages that a topic takes`, () => {
      const copies = copied(message);
      assert.deepEqual(digestOf(restored(copies)), digestOf(message));
      const [form, count] = parts === 'whole' ? ['message', 1] : ['record', parts];
      assert.deepEqual([copies.length, rejectionOf(copies[0]!.headers).form], [count, form]);
      for (const copy of copies) assert.ok(messageBytes(copy) < MAX_MESSAGE_BYTES - 100, `${messageBytes(copy)}`);
    });
  }

  it('say of each part where it came from, and why; they share a key, so that they stay together', () => {
    const copies = copied(raw({ value: bytes(1_300_000), headers: [['h', odd]] }));
    for (const { headers } of copies)
      assert.ok(Object.keys(headers).every((name) => name.startsWith('__intake.errors.')));
    const said = { topic: 'p.intent_emitted', partition: '3', offset: '42', timestamp: '1767323045678' };
    assert.deepEqual(
      copies.map(({ topic, key, headers }) => [topic, key, rejectionOf(headers)]),
      [1, 2].map((part) => [
        'p.intent_emitted.dlq',
        'p.intent_emitted/3/42/1767323045678',
        { ...said, reason: 'why', form: 'record', part: String(part), parts: '2' },
      ]),
    );
  });

  it('say why by the last header of the name, in a message that was copied before', () => {
    const before = raw({ headers: [['__intake.errors.reason', Buffer.from('before')]] });
    const [copy] = copied(before);
    assert.deepEqual(copy?.headers['__intake.errors.reason'], [Buffer.from('before'), 'why']);
    assert.equal(rejectionOf(copy.headers).reason, 'why');
  });

  it('shorten the reason before they cut the message', () => {
    const reason = `payload.intents: ${'ä'.repeat(400)} at its end`;
    const [copy, ...others] = copied(raw({ value: bytes(989_000) }), reason);
    assert.deepEqual(others, []);
    const text = rejectionOf(copy!.headers).reason ?? '';
    assert.match(text, /^payload\.intents: ä+…ä+ at its end$/);
    assert.equal(text.length, 100);
    assert.equal(rejectionOf(copied(raw(), reason)[0]!.headers).reason, reason);
    // The parts have the whole reason where shortening it would not be enough.
    assert.equal(rejectionOf(copied(raw({ value: bytes(990_000) }), reason)[0]!.headers).reason, reason);
  });
});

describe('copies of an envelope whose message is gone', () => {
  it('are the envelope as its list has it, known by its event id', () => {
    const [copy, ...others] = copiesOfEnvelope('p.intent_emitted', { event_id: 'e' }, 'why', '.dlq');
    assert.deepEqual(others, []);
    assert.deepEqual(copy, {
      topic: 'p.intent_emitted.dlq',
      key: null,
      value: Buffer.from('{"event_id":"e"}'),
      headers: {
        '__intake.errors.topic': ['p.intent_emitted'],
        '__intake.errors.event_id': ['e'],
        '__intake.errors.reason': ['why'],
        '__intake.errors.form': ['message'],
      },
    });
  });

  it('are cut where no copy holds it', () => {
    const envelope = { event_id: 'e', text: 'x'.repeat(1_500_000) };
    const copies = copiesOfEnvelope('p.intent_emitted', envelope, 'why', '.dlq');
    assert.deepEqual(
      copies.map(({ key, headers }) => [key, rejectionOf(headers).part]),
      [1, 2, 3].map((part) => ['p.intent_emitted/e', String(part)]),
    );
    assert.equal(String(restored(copies).value), JSON.stringify(envelope));
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
    // The third copy has no outcome, so it counts as not sent either.
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
