import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { EffectError, type FailureClass } from '../../src/domain/failures/failure.js';
import { classifyKafkaError, isMissingTopic, toEffectError } from '../../src/kafka/failures.js';

const protocol = (type: string, retriable: boolean): Error =>
  new kafkajs.KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 1, retriable }));
const spent = (cause: Error): Error =>
  new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 3, retryTime: 1 });

describe('Kafka failure classes', () => {
  const rows: [string, unknown, FailureClass][] = [
    ['a message that is too large', protocol('MESSAGE_TOO_LARGE', false), 'invalid'],
    ['a leader that moved', protocol('NOT_LEADER_FOR_PARTITION', true), 'transient'],
    ['no permission', protocol('TOPIC_AUTHORIZATION_FAILED', false), 'unknown'],
    ['no permission for a group', protocol('GROUP_AUTHORIZATION_FAILED', false), 'unknown'],
    ['a mechanism that is off', protocol('UNSUPPORTED_SASL_MECHANISM', false), 'unavailable'],
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

describe('a failure of Kafka', () => {
  it('without a row in the table is transient when kafkajs would try again', () => {
    const retriable = (name: string, value: unknown) =>
      classifyKafkaError(Object.assign(new Error('m'), { name, retriable: value }));
    assert.deepEqual(
      [retriable('KafkaJSOther', true), retriable('KafkaJSOther', false), retriable('OtherKafkaJS', true)],
      ['transient', 'unknown', 'unknown'],
    );
    assert.equal(classifyKafkaError(Object.assign(new Error('m'), { name: 'KafkaJSOther' })), 'unknown');
    assert.equal(classifyKafkaError('text'), 'unknown');
  });

  it('is reported with its own words and the store’s code', () => {
    const outer = toEffectError(spent(protocol('MESSAGE_TOO_LARGE', false)));
    assert.deepEqual([outer.message, outer.store], ['Kafka: MESSAGE_TOO_LARGE', 'kafka']);
    assert.equal(toEffectError('text').message, 'Kafka: text');
    const one = new EffectError('invalid', 'as it is');
    assert.equal(toEffectError(new Error('outer', { cause: one })), one);
  });

  it('is a missing topic by the type of the broker’s answer', () => {
    const missing = protocol('UNKNOWN_TOPIC_OR_PARTITION', true);
    const effect = (cause: unknown) => new EffectError('transient', 'm', { cause });
    assert.deepEqual([missing, spent(missing), effect(missing)].map(isMissingTopic), [true, true, true]);
    const others = [protocol('MESSAGE_TOO_LARGE', false), new kafkajs.KafkaJSConnectionError('m'), new Error('m'), 'm'];
    assert.deepEqual([...others, effect(undefined)].map(isMissingTopic), [false, false, false, false, false]);
  });
});
