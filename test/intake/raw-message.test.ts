/** These tests check that the intake keeps all of a message that kafkajs hands it. */
import assert from 'node:assert/strict';
import { rawOf } from '../../src/intake/raw-message.js';

const message = { offset: '7', key: Buffer.from([0xff]), value: null, timestamp: '5' };
const headersOf = (headers: Record<string, unknown>) => rawOf('t', 3, { ...message, headers }).headers;

describe('a message as the intake keeps it', () => {
  it('has the offset, the time and the bytes of the record', () => {
    const { key, value } = message;
    const place = { topic: 't', partition: 3, offset: '7', key, value };
    assert.deepEqual(rawOf('t', 3, message), { ...place, timestamp: 5, headers: [] });
    assert.equal(rawOf('t', 3, { ...message, timestamp: '-1' }).timestamp, 0);
  });

  it('has every value of every header, also of those that have none', () => {
    const [one, two] = [Buffer.from('1'), Buffer.from('2')];
    assert.deepEqual(headersOf({ h: [one, null, two], i: null, j: Buffer.alloc(0) }), [
      ['h', one],
      ['h', null],
      ['h', two],
      ['i', null],
      ['j', Buffer.alloc(0)],
    ]);
  });

  it('has headers that JavaScript knows, without what kafkajs takes from its own object', () => {
    const inherited = {} as Record<string, unknown>;
    const value = Buffer.from('v');
    assert.deepEqual(headersOf({ constructor: [inherited['constructor'], value] }), [['constructor', value]]);
    assert.deepEqual(headersOf(JSON.parse('{"__proto__":null}') as Record<string, unknown>), [['__proto__', null]]);
  });
});
