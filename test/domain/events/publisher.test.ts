/**
 * These tests check which bytes of a message are counted, and by what it keeps its order. A message may have no key and
 * no value.
 */
import assert from 'node:assert/strict';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { assertSent, messageBytes, orderOf, type WireMessage } from '../../../src/domain/events/publisher.js';

const message = (given: Partial<WireMessage>): WireMessage => ({
  topic: 't',
  key: null,
  value: null,
  headers: {},
  ...given,
});

describe('a message', () => {
  it('takes the bytes of its key, its value and each header', () => {
    const empty = messageBytes(message({}));
    assert.ok(empty > 20 && empty < 200, `${empty}`);
    assert.equal(messageBytes(message({ key: 'é', value: Buffer.alloc(10) })), empty + 2 + 10);
    const one = messageBytes(message({ headers: { name: 'value' } })) - empty;
    assert.ok(one >= 9 && one < 30, `${one}`);
    assert.equal(messageBytes(message({ headers: { name: ['value', Buffer.from('value')] } })), empty + 2 * one);
  });

  it('keeps its order within its topic and key; messages without a key have one order', () => {
    assert.equal(orderOf('t', null), orderOf('t', ''));
    assert.equal(orderOf('t', Buffer.from('é')), orderOf('t', 'é'));
    assert.equal(new Set([orderOf('t', 'k'), orderOf('u', 'k'), orderOf('t', null), orderOf('t', 'l')]).size, 4);
  });
});

describe('messages', () => {
  it('are sent when each of them is; else the first error is thrown', () => {
    const [first, second] = ['first', 'second'].map((text) => new EffectError('unavailable', text));
    assertSent([]);
    assertSent([{ sent: true }, { sent: true }]);
    assert.throws(() => {
      assertSent([{ sent: true }, { sent: false, error: first! }, { sent: false, error: second! }]);
    }, first);
  });
});
