/**
 * This test checks on the real broker where a key goes. It must be the partition that Kafka's own client would choose,
 * or producers lose the key's order.
 */
import assert from 'node:assert/strict';
import type { Admin } from 'kafkajs';
import { loadConfig } from '../../src/config.js';
import { createKafka } from '../../src/kafka/client.js';
import { createPublisher } from '../../src/kafka/publisher.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/flow-control/until.js';
import { newTopic } from '../support/run.js';
import { makeTopics } from '../support/topics.js';

/** The partitions of keys, of 12, by `BuiltInPartitioner.partitionForKey` of kafka-clients 4.1.0 (murmur2). */
const PARTITIONS = {
  '21': 0,
  foobar: 6,
  abc: 3,
  'bridge-1': 9,
  'bridge-2': 7,
  schlüssel: 0,
  '5b0c7c1e-0000-4000-8000-000000000001': 2,
  k: 8,
  '': 9,
} as const;

describe('keys', () => {
  const topic = newTopic();
  let admin: Admin;
  const kafka = () => {
    const config = loadConfig();
    return createKafka(
      kafkaSettings(config, { brokers: config.KAFKA_BOOTSTRAP_SERVERS ?? [] }),
      createLogger('silent'),
    );
  };
  before(async () => {
    admin = kafka().admin();
    await admin.connect();
    await makeTopics(admin, [{ topic, numPartitions: 12 }]);
  });
  after(async () => {
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
  });

  it('go to the partition that the Java client puts them on', async () => {
    const publisher = createPublisher(kafka());
    // A new topic's leaders are not known everywhere at once.
    const filled = async () =>
      (await until(30_000, () => admin.fetchTopicOffsets(topic))).flatMap(({ partition, high }) =>
        Array.from({ length: Number(high) }, () => partition),
      );
    try {
      // One leader may be known later than the other.
      await until(30_000, async () => {
        const [outcome] = await publisher.publish([{ topic, key: 'warm', value: '', headers: {} }]);
        assert.ok(outcome?.sent);
      });
      for (const [key, partition] of Object.entries(PARTITIONS)) {
        const before = await filled();
        const [outcome] = await publisher.publish([{ topic, key, value: key, headers: {} }]);
        assert.ok(outcome?.sent, key);
        const sorted = (partitions: readonly number[]) => [...partitions].sort((a, b) => a - b);
        assert.deepEqual(sorted(await filled()), sorted([...before, partition]), key);
      }
      const before = await filled();
      const [outcome] = await publisher.publish([
        { topic, key: 'foobar', value: '', headers: {}, partition: 1_000_005 },
      ]);
      assert.ok(outcome?.sent);
      const sum = (partitions: readonly number[]) => partitions.reduce((all, one) => all + one, 0);
      // 1,000,005 modulo 12 is 9; the key alone would go to 6.
      assert.equal(sum(await filled()) - sum(before), 9);
    } finally {
      await publisher.disconnect();
    }
  });
});
