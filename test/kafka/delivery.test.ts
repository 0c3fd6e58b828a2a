import assert from 'node:assert/strict';
import { EffectError, type FailureClass } from '../../src/domain/failures/failure.js';
import type { OutboundMessage } from '../../src/domain/events/publisher.js';
import { deliver, requestsOf } from '../../src/kafka/delivery.js';

const message = (topic: string, value: string): OutboundMessage => ({ topic, key: 'k', value, headers: {} });

/** Makes a broker that refuses each request with a message that `refuses` names a failure class for. */
function broker(refuses: (message: OutboundMessage) => FailureClass | undefined) {
  const requests: string[][] = [];
  const stored: string[] = [];
  return {
    requests,
    stored,
    send: (messages: readonly OutboundMessage[]): Promise<void> => {
      requests.push(messages.map(({ value }) => value));
      for (const one of messages) {
        const failureClass = refuses(one);
        if (failureClass !== undefined) return Promise.reject(new EffectError(failureClass, `refused ${one.value}`));
      }
      stored.push(...messages.map(({ value }) => value));
      return Promise.resolve();
    },
  };
}

describe('deliver', () => {
  it('finds one bad message of 500 in some 19 requests, and sends the others in order', async () => {
    const messages = Array.from({ length: 500 }, (_, index) => message('a', String(index)));
    const { send, requests, stored } = broker(({ value }) => (value === '321' ? 'invalid' : undefined));
    const outcomes = await deliver(messages, send);
    assert.deepEqual(
      outcomes.flatMap((outcome, index) => (outcome.sent ? [] : [[index, outcome.error.message]])),
      [[321, 'refused 321']],
    );
    assert.deepEqual(
      stored,
      messages.map(({ value }) => value).filter((value) => value !== '321'),
    );
    assert.ok(requests.length <= 19, `${requests.length} requests`);
  });

  it('sends nothing of a key after a strict message that is at fault, be it a request later, and everything else', async () => {
    const bad = { ...message('a', 'bad'), key: 'broken' };
    const behind = { ...message('a', 'behind'), key: 'broken' };
    const far = { ...message('a', `far${'x'.repeat(900_000)}`), key: 'broken' };
    const messages = [message('a', '1'), bad, behind, message('a', '2'), message('b', '3'), far, message('a', '4')];
    const { send, stored } = broker(({ value }) => (value === 'bad' ? 'invalid' : undefined));
    const outcomes = await deliver(messages, send, new Set(messages));
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.sent ? 'sent' : outcome.behind === true ? 'behind' : outcome.error.message)),
      ['sent', 'refused bad', 'behind', 'sent', 'sent', 'behind', 'sent'],
    );
    assert.deepEqual([...new Set(stored)].sort(), ['1', '2', '3', '4']);
  });

  for (const failureClass of ['transient', 'unknown'] as const) {
    it(`stops a topic after a request refused as ${failureClass}, also when the next one would be taken`, async () => {
      const big = 'x'.repeat(500_000);
      const messages = [message('a', `1${big}`), message('b', '2'), message('a', `3${big}`), message('b', '4')];
      let refusals = 0;
      // The leader of one topic moves, so that a request a moment later is answered.
      const { send, stored } = broker(({ topic }) =>
        topic === 'a' && (refusals += 1) <= 2 ? failureClass : undefined,
      );
      const outcomes = await deliver(messages, send);
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.sent ? 'sent' : outcome.behind === true ? 'behind' : 'refused')),
        ['refused', 'sent', 'behind', 'sent'],
      );
      assert.deepEqual(stored, ['2', '4'], 'the other topics go through, in order');
    });
  }

  it('tells the other topics of a request that nobody is there any more, without asking again', async () => {
    const messages = ['a', 'b', 'c'].map((topic) => message(topic, topic));
    let asked = 0;
    const { send, requests } = broker(() => ((asked += 1) === 1 ? 'transient' : 'unavailable'));
    const outcomes = await deliver(messages, send);
    assert.deepEqual(
      outcomes.map(({ sent }) => sent),
      [false, false, false],
    );
    // All topics are sent together. Then the first topic is sent by itself, and finds nobody.
    assert.deepEqual(requests, [['a', 'b', 'c'], ['a']]);
  });

  it('lets later messages of the key pass one that is at fault itself, unless they must not', async () => {
    const messages = [message('a', 'bad'), message('a', '2'), { ...message('a', '3'), key: 'other' }];
    const { send, stored } = broker(({ value }) => (value === 'bad' ? 'invalid' : undefined));
    const outcomes = await deliver(messages, send);
    assert.deepEqual(
      outcomes.map(({ sent }) => sent),
      [false, true, true],
    );
    assert.deepEqual(stored, ['2', '3']);
    // A dead letter that is redriven beside these messages waits for dead letters only.
    const letter = message('a', '4');
    assert.equal((await deliver([...messages, letter], send, new Set([letter])))[3]?.sent, true);
  });

  it('asks once when nobody is there', async () => {
    const big = 'x'.repeat(500_000);
    const { send, requests } = broker(() => 'unavailable');
    const outcomes = await deliver([message('a', big), message('a', big), message('b', '2')], send);
    assert.deepEqual(
      outcomes.map(({ sent }) => sent),
      [false, false, false],
    );
    assert.equal(requests.length, 1);
  });
});

describe('requestsOf', () => {
  const message = (topic: string, bytes: number) => ({ topic, key: '', value: 'x'.repeat(bytes - 100), headers: {} });

  it('keeps a topic’s messages of one request under the limit, in order', () => {
    const messages = [message('a', 400), message('b', 900), message('a', 600), message('a', 100), message('b', 200)];
    assert.deepEqual(
      requestsOf(messages, 1_000).map((request) => request.map(({ topic, value }) => [topic, value.length + 100])),
      [
        [
          ['a', 400],
          ['b', 900],
          ['a', 600],
        ],
        [
          ['a', 100],
          ['b', 200],
        ],
      ],
    );
  });

  it('counts bytes, of everything a record holds, not characters', () => {
    const wide = { topic: 'a', key: '', value: '', headers: {} };
    for (const fields of [
      { value: 'é'.repeat(250) },
      { key: 'é'.repeat(250) },
      { headers: { h: 'é'.repeat(250) } },
      { headers: { [`h${'x'.repeat(500)}`]: '' } },
    ]) {
      // A message has 600 bytes, and 350 characters.
      const given = { ...wide, ...fields };
      assert.equal(requestsOf([given, given], 1_190).length, 2, JSON.stringify(Object.keys(fields)));
      assert.equal(requestsOf([given, given], 1_220).length, 1, JSON.stringify(Object.keys(fields)));
    }
  });

  it('leaves room below the 1 MiB a topic takes', () => {
    const half = { topic: 'a', key: '', value: 'x'.repeat(500_000), headers: {} };
    assert.equal(requestsOf([half, half]).length, 2);
    assert.equal(requestsOf([half, { ...half, topic: 'b' }]).length, 1);
  });

  it('sends a message over the limit alone, and nothing for nothing', () => {
    assert.equal(requestsOf([message('a', 2_000), message('a', 2_000)], 1_000).length, 2);
    assert.deepEqual(requestsOf([]), []);
  });
});
