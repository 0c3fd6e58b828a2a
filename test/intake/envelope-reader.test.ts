/**
 * These tests read messages. A message gives the emitter's list as it was sent, or the reason why nothing of it can be
 * executed.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readEnvelope } from '../../src/intake/envelope-reader.js';
import { DEFAULT_LIMITS, jsonBytes } from '../../src/domain/values/limits.js';
import type { SliceList } from '../../src/domain/intake/list.js';
import { WORDS } from '../support/hostile-text.js';

const event_id = randomUUID();
const envelope = (fields: object = {}, payload: object = {}) => ({
  envelope_version: '1.0',
  event_id,
  event_type: 'INTENT_EMITTED',
  payload: { intents: [{ a: 1 }], ...payload },
  ...fields,
});
const read = (value: unknown, timestamp = 0, limits = DEFAULT_LIMITS) =>
  readEnvelope(
    Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    { timestamp },
    limits,
  );
const listOf = (...args: Parameters<typeof read>): SliceList => {
  const found = read(...args);
  assert.ok(found.ok, found.ok ? '' : found.reason);
  return found.list;
};
const reasonOf = (...args: Parameters<typeof read>): string => {
  const found = read(...args);
  return found.ok ? 'none' : found.reason;
};

describe('a message with a list', () => {
  it('is read with what it brings, and nothing that it does not', () => {
    assert.deepEqual(listOf(envelope()), { event_id, correlation_id: null, intents: [{ a: 1 }] });
    const full = envelope(
      { correlation_id: 'c', event_id: event_id.toUpperCase(), more: 1 },
      { request_id: 'r', options: { failFastPriority: 3 }, more: 2 },
    );
    assert.deepEqual(listOf(full), {
      event_id,
      written_event_id: event_id.toUpperCase(),
      correlation_id: 'c',
      request_id: 'r',
      options: { failFastPriority: 3 },
      intents: [{ a: 1 }],
    });
    const nulls = envelope({ correlation_id: null }, { request_id: null, options: null });
    assert.deepEqual(listOf(nulls), { event_id, correlation_id: null, intents: [{ a: 1 }] });
  });

  it('has the bytes of the message', () => {
    const text = `  ${JSON.stringify(envelope())}`;
    const found = read(text);
    assert.ok(found.ok);
    assert.equal(found.bytes, text.length);
  });

  it('knows when it was emitted, where its producer said so', () => {
    const emitted = (timestamp?: number) => listOf(envelope(), timestamp).emitted_at;
    assert.equal(emitted(1), '1970-01-01T00:00:00.001Z');
    assert.equal(emitted(253_402_300_799_999), '9999-12-31T23:59:59.999Z');
    for (const unknown of [undefined, 0, -1, 253_402_300_800_000]) assert.equal(emitted(unknown), undefined);
    assert.ok(!('emitted_at' in listOf(envelope())));
  });

  it('knows its offset, where it came from a topic', () => {
    const found = readEnvelope(Buffer.from(JSON.stringify(envelope())), { offset: '7' });
    assert.deepEqual(found.ok && found.list, { event_id, correlation_id: null, offset: '7', intents: [{ a: 1 }] });
    assert.ok(!('offset' in listOf(envelope())));
  });

  it('may begin with a byte order mark', () => {
    assert.equal(listOf(`\ufeff${JSON.stringify(envelope())}`).event_id, event_id);
  });

  it('keeps whole numbers that are refused by name apart from floats', () => {
    const numbers = '{"whole":1234567890123456789012,"float":6.02e23}';
    const { intents } = listOf(JSON.stringify(envelope()).replace('{"a":1}', numbers));
    assert.deepEqual(intents, [{ whole: Number('12345678901234567890'), float: 6.02e23 }]);
  });

  it('is cut where an intent is nested too deep, so that its neighbours run', () => {
    const deep = `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`;
    const text = JSON.stringify(envelope()).replace('{"a":1}', `${deep},{"b":2}`);
    const { intents } = listOf(text);
    assert.deepEqual(intents[1], { b: 2 });
    assert.ok(JSON.stringify(intents).length < 1_000);
  });
});

describe('a message without a list', () => {
  it('refuses what is not JSON, and says where', () => {
    const of = (text: string, encoding: BufferEncoding) => reasonOf(Buffer.from(text, encoding));
    assert.equal(reasonOf('{"a":'), 'envelope: expected JSON, got the end instead of a value at line 1, column 6');
    assert.equal(
      reasonOf('{\n"a": 1,\n}'),
      'envelope: expected JSON, got a trailing comma instead of a key in double quotes at line 2, column 7',
    );
    assert.match(of('"caf\xe9"', 'latin1'), /^envelope: expected UTF-8, got 0xE9 at byte 5 \(Latin-1\?\)/);
    assert.match(of('{}', 'utf16le'), /^envelope: expected UTF-8, got UTF-16 \(little-endian\)/);
    assert.equal((readEnvelope(null) as { reason: string }).reason, 'envelope: expected JSON, got nothing');
  });

  it('is given a reason in well-formed text, as a header has to be', () => {
    assert.match(reasonOf('[😀'), /^envelope: expected JSON, got U\+1F600 instead of a value/);
    for (const word of Object.values(WORDS)) {
      for (let shift = 0; shift < 30; shift += 1) {
        assert.ok(reasonOf(envelope({ event_type: 'x'.repeat(shift) + word.repeat(40) })).isWellFormed());
        assert.ok(reasonOf('x'.repeat(shift) + word.repeat(40)).isWellFormed());
      }
    }
  });

  it('is given a reason that fits a header', () => {
    const reason = reasonOf(envelope({ event_type: 'x' }, { ['k'.repeat(3_000)]: 1, intents: 7 }));
    assert.ok(reason.length < 540);
    const long = reasonOf('x'.repeat(2_000).concat(' '));
    assert.ok(long.length < 540, `${long.length}`);
    const options = Object.fromEntries([['k'.repeat(79), { ['l'.repeat(79)]: { ['m'.repeat(79)]: { n: '\u0000' } } }]]);
    assert.match(
      reasonOf(envelope({}, { options })),
      /^payload\.options\.k{79}\.l{79}\.m{79}\.n: expected text without NUL/,
    );
  });

  it('is named by its fields, not as an intent', () => {
    assert.equal(reasonOf('7'), 'envelope: expected an object, got number 7');
    assert.equal(
      reasonOf(envelope({ correlation_id: '' })),
      'correlation_id: expected at least 1 characters, got string ""',
    );
    assert.equal(
      reasonOf(envelope({}, { request_id: 'x'.repeat(201) })),
      `payload.request_id: expected at most 200 characters, got string "${'x'.repeat(80)}… (201 characters)"`,
    );
    assert.equal(reasonOf(envelope({}, { options: 7 })), 'payload.options: expected an object, got number 7');
  });

  it('names what no store could keep of what is beside the intents', () => {
    assert.equal(
      reasonOf(envelope({}, { options: { a: 2 ** 53 } })),
      'payload.options.a: expected a whole number JSON can represent (up to 9007199254740991), got number',
    );
    const limits = { ...DEFAULT_LIMITS, depth: 3 };
    assert.equal(listOf(envelope({}, { options: { a: { b: 1 } } }), 0, limits).event_id, event_id);
    assert.match(
      reasonOf(envelope({}, { options: { a: { b: { c: 1 } } } }), 0, limits),
      /^payload\.options\.a\.b…: expected at most 3 levels of nesting, got more$/,
    );
  });

  it('has as many intents and bytes as a list may have, or is refused', () => {
    const limits = { ...DEFAULT_LIMITS, intents: 2 };
    assert.equal(listOf(envelope({}, { intents: [1, 2] }), 0, limits).intents.length, 2);
    assert.equal(
      reasonOf(envelope({}, { intents: [1, 2, 3] }), 0, limits),
      'payload.intents: expected at most 2 intents, got array of 3',
    );
    const given = envelope({}, { intents: ['x'.repeat(200)] });
    const bytes = jsonBytes(listOf(given));
    // The message is longer than the list: spaces and other fields are not counted.
    assert.equal(listOf(given, 0, { ...DEFAULT_LIMITS, bytes }).intents.length, 1);
    assert.equal(
      reasonOf(given, 0, { ...DEFAULT_LIMITS, bytes: bytes - 1 }),
      `payload.intents: expected at most ${bytes - 1} bytes of JSON, got array of ${bytes} bytes`,
    );
  });
});
