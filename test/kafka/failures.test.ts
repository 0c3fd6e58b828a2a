import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { EffectError, type FailureClass } from '../../src/intents/failure.js';
import { classifyKafkaError, toEffectError } from '../../src/kafka/failures.js';

const protocol = (type: string, retriable: boolean): Error =>
  new kafkajs.KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 1, retriable }));
const spent = (cause: Error): Error =>
  new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 3, retryTime: 1 });

describe('Kafka failure classes', () => {
  const rows: [string, unknown, FailureClass][] = [
    ['a message that is too large', protocol('MESSAGE_TOO_LARGE', false), 'invalid'],
    ['a leader that moved', protocol('NOT_LEADER_FOR_PARTITION', true), 'transient'],
    ['no permission', protocol('TOPIC_AUTHORIZATION_FAILED', false), 'unknown'],
    ['a refused connection', new kafkajs.KafkaJSConnectionError('Connection error: ECONNREFUSED'), 'unavailable'],
    ['a connection that is refused for good', spent(new kafkajs.KafkaJSConnectionError('refused')), 'unavailable'],
    ['a leader that moves all the time', spent(protocol('NOT_LEADER_FOR_PARTITION', true)), 'transient'],
    ['a connection that is gone', new kafkajs.KafkaJSNonRetriableError('Broker not connected'), 'unavailable'],
    ['a defect', new TypeError('x is undefined'), 'unknown'],
  ];
  for (const [what, error, expected] of rows) {
    it(`calls ${what} ${expected}`, () => {
      assert.equal(classifyKafkaError(error), expected);
      const wrapped = toEffectError(error);
      assert.ok(wrapped instanceof EffectError && wrapped.message.startsWith('Kafka: '));
      assert.equal(wrapped.cause, error);
    });
  }
});
