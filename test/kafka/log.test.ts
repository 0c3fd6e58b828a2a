/** These tests say things as kafkajs does, and look at what an operator's log has of them. */
import assert from 'node:assert/strict';
import { createKafka } from '../../src/kafka/client.js';
import { keptLog } from '../support/kept-log.js';

const SETTINGS = {
  brokers: ['127.0.0.1:9'],
  clientId: 'log',
  requestTimeoutMs: 1_000,
  retries: 0,
  retryBackoffMs: 100,
};

describe('the log of kafkajs', () => {
  it('has the same of the same thing once a minute, and of another partition, broker or error by itself', () => {
    const { logger, lines } = keptLog();
    const says = createKafka(SETTINGS, logger).logger();
    for (let time = 0; time < 2; time += 1) {
      for (const partition of [0, 1]) says.error('Offset out of range', { topic: 't', partition });
      for (const error of ['one', 'two']) says.warn('Could not create topics', { error });
    }
    assert.deepEqual(
      lines.map(({ msg, partition, error }) => [msg, partition ?? error]),
      [
        ['Offset out of range', 0],
        ['Offset out of range', 1],
        ['Could not create topics', 'one'],
        ['Could not create topics', 'two'],
      ],
    );
  });

  it('has an error that is given as the message once, as its text', () => {
    const { logger, lines } = keptLog();
    const says = createKafka(SETTINGS, logger).logger();
    // The pool of brokers does so, whatever the types say.
    for (let time = 0; time < 2; time += 1) says.error(new Error('refused') as unknown as string, {});
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ['refused'],
    );
  });
});
