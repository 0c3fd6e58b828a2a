import assert from 'node:assert/strict';
import { requestsOf } from '../../src/kafka/delivery.js';

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
      // 600 bytes each, 350 characters.
      const given = { ...wide, ...fields };
      assert.equal(requestsOf([given, given], 1_190).length, 2, JSON.stringify(Object.keys(fields)));
      assert.equal(requestsOf([given, given], 1_210).length, 1, JSON.stringify(Object.keys(fields)));
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
