import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Kafka, KafkaJSProtocolError, type Message, type ProducerBatch } from 'kafkajs';
import { ListEmitter } from '../../src/client/list-emitter.js';
import { persistState } from '../support/intents.js';

describe('lists that are emitted', () => {
  let emitter: ListEmitter;
  afterEach(async () => {
    mock.restoreAll();
    await emitter.close();
  });

  const emit = () => emitter.emit([{ intents: [persistState()] }, { intents: [persistState()] }]);

  /** Makes brokers that refuse the first request for a reason. @returns the messages of all requests. */
  function refusingOnce(type: string): Message[][] {
    const sent: Message[][] = [];
    const connection = { connect: () => Promise.resolve(), disconnect: () => Promise.resolve() };
    const sendBatch = ({ topicMessages = [] }: ProducerBatch) => {
      sent.push(topicMessages.flatMap(({ messages }) => messages));
      const refusal = { message: type, type, code: 6, retriable: true, name: 'KafkaJSProtocolError' };
      return sent.length === 1 ? Promise.reject(new KafkaJSProtocolError(refusal)) : Promise.resolve([]);
    };
    mock.method(Kafka.prototype, 'producer', () => ({ ...connection, sendBatch }));
    mock.method(Kafka.prototype, 'admin', () => connection);
    emitter = new ListEmitter({ brokers: ['127.0.0.1:1'] });
    return sent;
  }

  it('are not taken for emitted when no broker took them', async () => {
    emitter = new ListEmitter({ brokers: ['127.0.0.1:1'] });
    await assert.rejects(emit(), { name: 'EffectError', failureClass: 'unavailable' });
  });

  it('are sent again, the same, while a partition has no leader for the moment', async () => {
    const sent = refusingOnce('NOT_LEADER_FOR_PARTITION');
    await emit();
    assert.equal(sent.length, 2);
    assert.equal(sent[0]?.length, 2);
    assert.deepEqual(sent[1], sent[0]);
  });

  it('share a partition, but for those that have an order by their ids', async () => {
    const sent = refusingOnce('NOT_LEADER_FOR_PARTITION');
    await emitter.emit([
      { intents: [persistState()] },
      { intents: [persistState()], correlation_id: 'an order' },
      { intents: [persistState()], request_id: 'a name' },
      { intents: [persistState()] },
    ]);
    const [one, ordered, named, other] = sent[1] ?? [];
    assert.notEqual(one?.partition, undefined);
    assert.equal(other?.partition, one?.partition);
    assert.deepEqual([ordered?.partition, named?.partition], [undefined, undefined]);
  });

  it('are not sent again to a topic that is missing', async () => {
    const sent = refusingOnce('UNKNOWN_TOPIC_OR_PARTITION');
    await assert.rejects(emit(), { name: 'EffectError' });
    assert.equal(sent.length, 1);
  });
});
