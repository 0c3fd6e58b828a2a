import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { EffectError, type FailureClass } from '../../src/domain/failures/failure.js';
import {
  type Attempt,
  classifyKafkaError,
  isMissingTopic,
  isUnknownCoordinator,
  toEffectError,
} from '../../src/kafka/failures.js';

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

describe('a refusal of Kafka in words', () => {
  const named = (name: string, message: string, more: object = {}): Error =>
    Object.assign(new Error(message), { name, ...more });
  const write: Attempt = { operation: 'Write', topics: ['one'] };
  const read: Attempt = { operation: 'Read', topics: ['one'], group: 'g' };
  const refused = (type: string): Error => protocol(`${type}_AUTHORIZATION_FAILED`, false);
  const ACL = 'its ACL is missing (KAFKA_SASL_USERNAME, or KAFKA_SSL_CERT)';
  const coordinator = named('KafkaJSGroupCoordinatorNotFound', 'Failed to find group coordinator');
  const closed = 'KafkaJSConnectionClosedError';
  const rows: [string, unknown, Attempt | undefined, string][] = [
    ['a topic', refused('TOPIC'), write, `this user has no right Write on topic one: ${ACL}`],
    [
      'one of several topics',
      refused('TOPIC'),
      { operation: 'Describe', topics: ['one', 'two', 'three'] },
      `this user has no right Describe on topic one and 2 more: ${ACL}`,
    ],
    ['a group', refused('GROUP'), read, `this user has no right Read on group g: ${ACL}`],
    ['a topic of a group', refused('TOPIC'), read, `this user has no right Read on topic one: ${ACL}`],
    ['a group that is not named', refused('GROUP'), write, `this user has no right Write on topic one: ${ACL}`],
    ['a right that nobody asked for', refused('TOPIC'), undefined, 'TOPIC_AUTHORIZATION_FAILED'],
    ['no right', protocol('MESSAGE_TOO_LARGE', false), write, 'MESSAGE_TOO_LARGE'],
    [
      'a coordinator',
      coordinator,
      read,
      'no broker names the coordinator of group g: an ACL has to allow this user Read on it (KAFKA_GROUP_ID)',
    ],
    ['a coordinator of no group', coordinator, write, 'Failed to find group coordinator'],
    ['a coordinator that nobody asked for', coordinator, undefined, 'Failed to find group coordinator'],
    ['something else of a group', new Error('other'), read, 'other'],
    [
      'a connection',
      named(closed, 'Closed connection', { broker: 'b:1' }),
      undefined,
      'b:1 closed the connection, as a listener does that wants TLS or a login (KAFKA_SECURITY_PROTOCOL)',
    ],
    ['a connection of no broker', named(closed, 'Closed connection'), undefined, 'Closed connection'],
    ['a connection in other words', named(closed, 'Closed', { broker: 'b:1' }), undefined, 'Closed'],
    ['another error', named('Other', 'Closed connection', { broker: 'b:1' }), undefined, 'Closed connection'],
    [
      'a mechanism',
      protocol('UNSUPPORTED_SASL_MECHANISM', false),
      undefined,
      'UNSUPPORTED_SASL_MECHANISM (KAFKA_SASL_MECHANISM)',
    ],
    ['a socket', named('KafkaJSConnectionError', 'Connection error: reset'), undefined, 'reset'],
    ['a socket in the middle', new Error('a Connection error: reset'), undefined, 'a Connection error: reset'],
  ];
  for (const [what, error, attempt, words] of rows) {
    it(`of ${what}: ${words}`, () => {
      assert.equal(toEffectError(error, attempt).message, `Kafka: ${words}`);
    });
  }

  it('knows a coordinator that nobody names by the name of an error', () => {
    assert.deepEqual(
      [coordinator, new Error(coordinator.name), { name: coordinator.name }, undefined].map(isUnknownCoordinator),
      [true, false, false, false],
    );
  });
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
