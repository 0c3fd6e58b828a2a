/**
 * These tests follow messages to the start of a slice: invalid envelopes, slices by size, starts that are too large.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { readEnvelope, type ReadEnvelope } from '../../src/intake/envelope-reader.js';
import { createSliceRunner, isPermanent } from '../../src/intake/slice-runner.js';
import { nextSlice } from '../../src/intake/slicer.js';
import { publishEvent } from '../support/intents.js';

const envelope = (fields: object = {}, payload: object = { intents: [publishEvent()] }) => ({
  envelope_version: '1.0',
  event_id: randomUUID(),
  event_type: 'INTENT_EMITTED',
  correlation_id: null,
  payload,
  ...fields,
});
const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('readEnvelope', () => {
  for (const [what, value, reason] of [
    ['nothing', null, 'envelope: expected JSON, got nothing'],
    [
      'no UTF-8',
      Buffer.from([0x22, 0xff]),
      'envelope: expected UTF-8, got 0xFF at byte 2 (Latin-1?); convert it: iconv -f LATIN1 -t UTF-8',
    ],
    ['a list', bytesOf([]), 'envelope: expected an object, got array'],
    [
      'another version',
      bytesOf(envelope({ envelope_version: '2.0' })),
      'envelope_version: expected one of 1.0, got string "2.0"',
    ],
    [
      'another event',
      bytesOf(envelope({ event_type: 'NODE_HEARTBEAT' })),
      'event_type: expected one of INTENT_EMITTED, got string "NODE_HEARTBEAT"',
    ],
    ['no event id', bytesOf(envelope({ event_id: 7 })), 'event_id: expected a string, got number 7'],
    ['no payload', bytesOf(envelope({ payload: undefined })), 'payload: expected an object, got nothing'],
    ['no intents', bytesOf(envelope({}, { intents: 'all' })), 'payload.intents: expected an array, got string "all"'],
    [
      'too many intents',
      bytesOf(envelope({}, { intents: Array(2_001).fill(1) })),
      'payload.intents: expected at most 2000 intents, got array of 2001',
    ],
  ] as const) {
    it(`refuses ${what}, naming the field`, () => {
      assert.deepEqual(readEnvelope(value), { ok: false, reason });
    });
  }

  it('refuses a list over the limit of bytes', () => {
    const read = readEnvelope(bytesOf(envelope({}, { intents: [publishEvent({ note: 'x'.repeat(1_500_000) })] })));
    assert.match(
      read.ok ? '' : read.reason,
      /^payload.intents: expected at most 1500000 bytes of JSON, got array of 15\d+ bytes$/,
    );
  });

  it('leaves an invalid intent to its list, which is answered', () => {
    assert.equal(readEnvelope(bytesOf(envelope({}, { intents: [7, {}] }))).ok, true);
  });
});

describe('nextSlice', () => {
  const carrying = (intents: number, bytes = 100): { read: ReadEnvelope } => ({
    read: { ok: true, bytes, list: { event_id: randomUUID(), correlation_id: null, intents: Array(intents).fill({}) } },
  });
  const poison = { read: { ok: false, reason: 'no JSON' } } as const;

  it('takes as many lists as hold 500 intents', () => {
    const { lists, taken } = nextSlice(Array.from({ length: 40 }, () => carrying(20)));
    assert.deepEqual([lists.length, taken], [25, 25]);
  });

  it('takes as many lists as come in 1 MB', () => {
    assert.equal(nextSlice(Array.from({ length: 9 }, () => carrying(1, 300_000))).taken, 3);
  });

  it('makes a slice of its own of a list that is larger', () => {
    assert.equal(nextSlice([carrying(1_200), carrying(1)]).taken, 1);
    assert.equal(nextSlice([carrying(1), carrying(1_200)]).taken, 1);
  });

  it('takes what has no list along, and is bounded in that too', () => {
    const slice = nextSlice([poison, carrying(1), poison]);
    assert.deepEqual([slice.lists.length, slice.poison.length, slice.taken], [1, 2, 3]);
    assert.equal(nextSlice(Array(900).fill(poison)).taken, 500);
  });
});

describe('a start', () => {
  it('is refused here for good when its JSON is larger than the server takes, however short the message was', async () => {
    const started: unknown[] = [];
    const client = {
      withDeadline: (_deadline: number, call: () => unknown) => call(),
      workflow: {
        start: (type: string) => {
          started.push(type);
          return { firstExecutionRunId: 'run' };
        },
      },
    } as unknown as Client;
    const runner = createSliceRunner(client, { taskQueue: 'none', eager: () => false });
    // The numbers take 1 MB in a message, and 4.4 MB printed.
    const text = JSON.stringify(envelope({}, { intents: [0] })).replace(
      '[0]',
      `[${Array(200_000).fill('1e20').join()}]`,
    );
    const read = readEnvelope(
      Buffer.from(text),
      {},
      {
        intents: 1e6,
        bytes: 1_500_000,
        priorities: 1,
        pages: 50,
        depth: 64,
      },
    );
    // The reader measures the printed list only of a long message. The start measures that of a short one.
    const list = read.ok ? read.list : undefined;
    assert.ok(list !== undefined, 'the message is short enough');
    const error: unknown = await runner.start('p', [list], 'hash').catch((thrown: unknown) => thrown);
    assert.match(String(error), /^RangeError: expected at most 2000000 bytes of JSON, got 4\d+$/);
    assert.equal(isPermanent(error), true);
    assert.deepEqual(started, []);
    await runner.start('p', [], 'hash');
    assert.deepEqual(started, ['ExecuteSliceWorkflow']);
  });
});
