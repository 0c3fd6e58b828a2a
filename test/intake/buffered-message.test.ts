/** These tests check what a buffered message weighs, and when another message is the same one. */
import assert from 'node:assert/strict';
import { BufferedMessage, isSame, sizeOf } from '../../src/intake/buffered-message.js';
import type { RawMessage } from '../../src/domain/dead-letters/rejected-copy.js';

const message = (text: string | null, timestamp = 1): RawMessage => ({
  topic: 't',
  partition: 0,
  offset: '0',
  key: null,
  value: text === null ? null : Buffer.from(text),
  timestamp,
  headers: [],
});

describe('a message that waits', () => {
  it('weighs its value and 100 bytes', () => {
    assert.deepEqual([sizeOf(message('1234')), sizeOf(message(null))], [104, 100]);
  });

  it('is the same as one of its time and bytes only', () => {
    const one = message('a');
    const others = [message('a'), message('b'), message('a', 2), message(null)];
    assert.deepEqual(
      others.map((other) => isSame(one, other)),
      [true, false, false, false],
    );
    assert.deepEqual(
      [message('a'), message(null), message(null, 2)].map((other) => isSame(message(null), other)),
      [false, true, false],
    );
  });

  it('is read once', () => {
    const held = new BufferedMessage(message('no envelope'));
    assert.equal(held.read, held.read);
  });
});
