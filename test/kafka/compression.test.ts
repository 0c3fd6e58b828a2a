/** These tests check how messages are packed, on the real broker. Its own console consumer reads them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Config, loadConfig } from '../../src/config.js';
import type { SendOutcome } from '../../src/domain/events/publisher.js';
import { createKafka } from '../../src/kafka/client.js';
import { createPublisher } from '../../src/kafka/publisher.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/flow-control/until.js';
import { readTopic, sendLines } from '../support/console-consumer.js';
import { makeTopics } from '../support/topics.js';

const isTransient = (outcome: SendOutcome): boolean => !outcome.sent && outcome.error.failureClass === 'transient';

describe('batches of messages', () => {
  const name = `compression-${randomUUID()}`;
  const topicFor = (what: string) => `${name}-${what}`;
  let config: Config;
  before(async function () {
    this.timeout(60_000);
    config = loadConfig();
    const admin = kafka().admin();
    await admin.connect();
    const topics = ['ours', 'snappy', 'zstd'].map(topicFor);
    await makeTopics(
      admin,
      topics.map((topic) => ({ topic, numPartitions: 2 })),
    );
    await admin.disconnect();
  });
  after(async () => {
    const admin = kafka().admin();
    await admin.connect();
    await admin.deleteTopics({ topics: ['ours', 'snappy', 'zstd'].map(topicFor) });
    await admin.disconnect();
  });

  const topic = () => topicFor('ours');
  const endpoints = () => ({ kafka: { brokers: config.KAFKA_BOOTSTRAP_SERVERS ?? [] } });
  const kafka = () => createKafka(kafkaSettings(config, endpoints().kafka), createLogger('silent'));
  /** Makes a message over the 1 MiB a topic takes, which is measured as it is packed, and texts that repeat little. */
  const messages = (key: string) =>
    ['wide '.repeat(300_000), `${randomUUID()} é`.repeat(3), randomUUID()].map((value) => ({
      topic: topic(),
      key,
      value,
      headers: {},
    }));

  async function publish(compression: 'none' | 'gzip' | 'lz4', key: string) {
    const publisher = createPublisher(kafka(), { compression });
    try {
      const sent = messages(key);
      let outcomes = await publisher.publish(sent);
      // A broker that elects a leader, or is busy, takes nothing and says so. Temporal would try again, and so does the
      // test.
      for (let tries = 1; tries < 5 && outcomes.every(isTransient); tries += 1) {
        await sleep(1_000);
        outcomes = await publisher.publish(sent);
      }
      return { sent, outcomes };
    } finally {
      await publisher.disconnect();
    }
  }

  it('are refused unpacked, when they are too large', async () => {
    const { outcomes } = await publish('none', 'none');
    assert.deepEqual(
      outcomes.map((outcome) => outcome.sent || outcome.error.failureClass),
      ['invalid', true, true],
    );
  });

  it('lz4 and gzip: the broker’s own consumer reads what was sent, and so do we', async () => {
    const packed = ['lz4', 'gzip'] as const;
    const sent = new Map<string, readonly string[]>();
    for (const compression of packed) {
      const published = await publish(compression, compression);
      assert.ok(
        published.outcomes.every((outcome) => outcome.sent),
        published.outcomes.map((outcome) => (outcome.sent ? 'sent' : outcome.error.message)).join('; '),
      );
      sent.set(
        compression,
        published.sent.map(({ value }) => value),
      );
    }
    const records = await readTopic(endpoints(), config.BRIDGE_CACHE_DIR, topic());
    for (const compression of packed) {
      const values = records.filter(({ key }) => key === compression).map(({ value }) => value);
      assert.ok(isDeepStrictEqual(values, sent.get(compression)), compression);
    }
    await assertRead(topic(), [...sent.values()].flat(), ({ key }) => sent.has(String(key)));
  });

  /** Asserts that a consumer like the intake's reads these values. */
  async function assertRead(
    from: string,
    values: readonly string[],
    isMeant: (message: { readonly key: Buffer | null }) => boolean = () => true,
  ): Promise<void> {
    const consumer = kafka().consumer({ groupId: `${from}-${randomUUID()}` });
    const read: string[] = [];
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [from], fromBeginning: true });
      await consumer.run({
        eachMessage: ({ message }) => {
          if (isMeant(message)) read.push(String(message.value));
          return Promise.resolve();
        },
      });
      await until(30_000, () => {
        assert.equal(read.length, values.length);
        return Promise.resolve();
      });
      // The values come from several partitions, of which each has its own order.
      assert.ok(isDeepStrictEqual(read.sort(), [...values].sort()), 'other values were read than were sent');
    } finally {
      await consumer.disconnect();
    }
  }

  for (const compression of ['snappy', 'zstd']) {
    it(`${compression}: we read what another client has sent`, async () => {
      const own = topicFor(compression);
      const lines = Array.from({ length: 400 }, (_, index) => `${index} ${'wide '.repeat(500)}${randomUUID()} é`);
      await sendLines(endpoints(), config.BRIDGE_CACHE_DIR, { topic: own, compression, lines });
      await assertRead(own, lines);
    });
  }
});
