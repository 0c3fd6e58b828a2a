/**
 * These tests check which messages one slice takes. A message that is left out is lost, and a slice with one too many
 * is refused by the server.
 */
import assert from 'node:assert/strict';
import type { ReadEnvelope } from '../../src/intake/envelope-reader.js';
import { nextSlice } from '../../src/intake/slicer.js';
import { SLICE_BYTES, SLICE_INTENTS } from '../../src/domain/intake/slice.js';

interface Message {
  readonly offset: number;
  readonly read: ReadEnvelope;
}
const carrying = (offset: number, intents: number, bytes = 100): Message => ({
  offset,
  read: { ok: true, bytes, list: { event_id: `e${offset}`, correlation_id: null, intents: Array(intents).fill({}) } },
});
const poison = (offset: number): Message => ({ offset, read: { ok: false, reason: `no list ${offset}` } });

describe('a slice', () => {
  it('holds each message from the front, in its order, as a list or as one without', () => {
    const messages = [poison(0), carrying(1, 2), poison(2), carrying(3, 1)];
    const slice = nextSlice(messages);
    assert.deepEqual(
      slice.lists.map(({ event_id }) => event_id),
      ['e1', 'e3'],
    );
    assert.deepEqual(slice.messages, [messages[1], messages[3]]);
    assert.deepEqual(slice.poison, [
      { message: messages[0], reason: 'no list 0' },
      { message: messages[2], reason: 'no list 2' },
    ]);
    assert.equal(slice.taken, 4);
    assert.deepEqual(nextSlice([]), { lists: [], messages: [], poison: [], taken: 0 });
  });

  it('takes what is exactly its size, in intents and in bytes, and leaves what is over to the next', () => {
    const half = SLICE_INTENTS / 2;
    assert.equal(nextSlice([carrying(0, half), carrying(1, half), carrying(2, 0)]).taken, 3);
    assert.equal(nextSlice([carrying(0, half), carrying(1, half + 1)]).taken, 1);
    const bytes = SLICE_BYTES / 2;
    assert.equal(nextSlice([carrying(0, 1, bytes), carrying(1, 1, bytes)]).taken, 2);
    assert.equal(nextSlice([carrying(0, 1, bytes), carrying(1, 1, bytes + 1)]).taken, 1);
  });

  it('leaves nothing behind that it has not taken, cut after cut', () => {
    const messages = Array.from({ length: 1_300 }, (_, n) =>
      n % 3 === 0 ? poison(n) : carrying(n, 1 + (n % 60), 2_000),
    );
    const seen: number[] = [];
    for (let from = 0, cuts = 0; from < messages.length; cuts += 1) {
      assert.ok(cuts < 100, 'it goes on');
      const { messages: lists, poison: without, taken } = nextSlice(messages.slice(from));
      assert.equal(lists.length + without.length, taken);
      seen.push(...[...lists, ...without.map(({ message }) => message)].map(({ offset }) => offset));
      from += taken;
    }
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      messages.map(({ offset }) => offset),
    );
  });

  it('takes 500 messages at most, whatever they contain', () => {
    assert.equal(nextSlice(Array.from({ length: 600 }, (_, n) => carrying(n, 0, 1))).taken, 500);
    assert.equal(nextSlice(Array.from({ length: 600 }, (_, n) => poison(n))).taken, 500);
    assert.equal(nextSlice(Array.from({ length: 499 }, (_, n) => poison(n))).taken, 499);
  });

  it('is of its own for a list that is larger, what has none before it included', () => {
    assert.equal(nextSlice([poison(0), carrying(1, 2_000), carrying(2, 0)]).taken, 2);
    assert.equal(nextSlice([carrying(0, 1, 2_000_000), poison(1)]).taken, 2);
  });
});
