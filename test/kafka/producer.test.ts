/** These tests check what the publisher makes of a client that fails on demand. */
import assert from 'node:assert/strict';
import kafkajs, { type Kafka, type ProducerBatch, type ProducerConfig } from 'kafkajs';
import type { OutboundMessage, SendOutcome } from '../../src/domain/events/publisher.js';
import { createPublisher } from '../../src/kafka/publisher.js';

const missingTopic = (): Error =>
  new kafkajs.KafkaJSProtocolError(
    Object.assign(new Error('unknown'), { type: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3, retriable: true }),
  );

/** @param sendBatch gets the number of requests that came before. */
function clientOf(sendBatch: (before: number) => Promise<unknown> = () => Promise.resolve([])) {
  const batches: ProducerBatch[] = [];
  const configs: (ProducerConfig | undefined)[] = [];
  const connects: string[] = [];
  let refusals = 0;
  const connect = (who: string) => () => {
    connects.push(who);
    refusals -= 1;
    return refusals >= 0 ? Promise.reject(new kafkajs.KafkaJSConnectionError('refused')) : Promise.resolve();
  };
  const kafka = {
    producer: (config?: ProducerConfig) => {
      configs.push(config);
      return {
        connect: connect('producer'),
        disconnect: () => Promise.resolve(),
        sendBatch: (batch: ProducerBatch) => sendBatch(batches.push(batch) - 1),
      };
    },
    admin: () => ({ connect: () => Promise.resolve(), disconnect: () => Promise.resolve() }),
  } as unknown as Kafka;
  return { kafka, batches, configs, refuse: (times: number) => (refusals = times) };
}
const message = (value: string, topic = 't', key = 'k'): OutboundMessage => ({
  topic,
  key,
  value,
  headers: { id: value },
});
const said = (outcomes: readonly SendOutcome[]) =>
  outcomes.map((outcome) => (outcome.sent ? 'sent' : outcome.error.failureClass));
const valuesOf = (batches: readonly ProducerBatch[]) =>
  batches.map(({ topicMessages = [] }) => topicMessages.flatMap(({ messages }) => messages.map(({ value }) => value)));

describe('publisher', () => {
  it('asks all replicas, and leaves retries to Temporal', async () => {
    const { kafka, batches, configs } = clientOf();
    await createPublisher(kafka).publish([message('1')]);
    assert.equal(batches[0]?.acks, -1);
    const { retry, idempotent, allowAutoTopicCreation } = configs[0] ?? {};
    assert.deepEqual([retry?.retries, idempotent, allowAutoTopicCreation], [0, false, false]);
  });

  it('sends messages as they are, in their order, topic by topic', async () => {
    const { kafka, batches } = clientOf();
    const given = [message('1', 'a'), message('2', 'b', 'x'), message('3', 'a', '')];
    assert.deepEqual(said(await createPublisher(kafka, { compression: 'gzip' }).publish(given)), [
      'sent',
      'sent',
      'sent',
    ]);
    assert.deepEqual(
      batches.map(({ topicMessages, compression }) => ({ topicMessages, compression })),
      [
        {
          topicMessages: [
            {
              topic: 'a',
              messages: [
                { key: 'k', value: '1', headers: { id: '1' } },
                { key: '', value: '3', headers: { id: '3' } },
              ],
            },
            { topic: 'b', messages: [{ key: 'x', value: '2', headers: { id: '2' } }] },
          ],
          compression: kafkajs.CompressionTypes.GZIP,
        },
      ],
    );
  });

  it('connects again after it could not', async () => {
    const { kafka, batches, refuse } = clientOf();
    const publisher = createPublisher(kafka);
    refuse(1);
    assert.deepEqual(said(await publisher.publish([message('1')])), ['unavailable']);
    assert.deepEqual(said(await publisher.publish([message('1')])), ['sent']);
    assert.deepEqual(valuesOf(batches), [['1']]);
  });

  it('creates missing topics once for all who need them, and sends again', async () => {
    const { kafka, batches } = clientOf((before) =>
      before < 2 ? Promise.reject(missingTopic()) : Promise.resolve([]),
    );
    let [creations, created] = [0, (): void => undefined];
    const createTopics = () => {
      creations += 1;
      return new Promise<void>((resolve) => (created = resolve));
    };
    const publisher = createPublisher(kafka, { createTopics, maxEntries: 1 });
    const publishing = [message('1'), message('2')].map((one) => publisher.publish([one]));
    while (batches.length < 2) await new Promise((resolve) => setImmediate(resolve));
    created();
    assert.deepEqual(said((await Promise.all(publishing)).flat()), ['sent', 'sent']);
    assert.equal(creations, 1);
    assert.deepEqual(valuesOf(batches), [['1'], ['2'], ['1'], ['2']]);
  });

  it('creates topics again when they are missing again', async () => {
    const { kafka } = clientOf((before) => (before % 2 === 0 ? Promise.reject(missingTopic()) : Promise.resolve([])));
    let creations = 0;
    const publisher = createPublisher(kafka, { createTopics: () => Promise.resolve((creations += 1)) });
    for (const value of ['1', '2']) assert.deepEqual(said(await publisher.publish([message(value)])), ['sent']);
    assert.equal(creations, 2);
  });

  it('sends nothing twice for a topic that stays missing, and says so', async () => {
    const { kafka, batches } = clientOf(() => Promise.reject(missingTopic()));
    const publisher = createPublisher(kafka, { createTopics: () => Promise.resolve() });
    assert.deepEqual(said(await publisher.publish([message('1')])), ['transient']);
    assert.equal(batches.length, 2);
  });

  it('gives a caller up after its deadline, and never sends what still waited then', async () => {
    const answers: (() => void)[] = [];
    const { kafka, batches } = clientOf(() => new Promise((resolve) => answers.push(() => resolve([]))));
    const publisher = createPublisher(kafka, { deadlineMs: 50, maxEntries: 1 });
    const send = (value: string) => publisher.publish([message(value)]);
    const outcomes = await Promise.all(['first', 'second', 'queued'].map(send));
    for (const outcome of outcomes.flat()) {
      assert.ok(!outcome.sent);
      assert.deepEqual(
        [outcome.error.failureClass, outcome.error.message],
        ['unavailable', 'Kafka: no answer within 50 ms'],
      );
    }
    for (const answer of answers) answer();
    const last = send('last');
    while (batches.length < 3) await new Promise((resolve) => setImmediate(resolve));
    for (const answer of answers) answer();
    assert.deepEqual(said(await last), ['sent']);
    // Two requests were on their way at the deadline, and the queued one was not.
    assert.deepEqual(valuesOf(batches), [['first'], ['second'], ['last']]);
  });
});
