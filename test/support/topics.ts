import assert from 'node:assert/strict';
import { type Admin, ConfigResourceTypes, type ITopicConfig, Kafka, logLevel } from 'kafkajs';
import { until } from '../../src/until.js';

/**
 * Creates topics, and returns when the broker knows them. kafkajs' own `waitForLeaders` gives up on the first broker that has
 * not heard of a topic yet, which a loaded one says for seconds.
 */
export async function makeTopics(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, waitForLeaders: false });
  await until(30_000, () => admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) }));
}

/**
 * The broker refuses messages to the topic that are larger, when this returns. It answers a change before it has made it, and shows one
 * a moment before; it makes them one after the other, so that the second that is shown says that the first is made.
 */
export async function limitTopic(brokers: readonly string[], name: string, bytes: number): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topic = { type: ConfigResourceTypes.TOPIC, name };
  const limit = { name: 'max.message.bytes', value: String(bytes) };
  // Of compacted topics, which this is none of; another value each time.
  const mark = { name: 'delete.retention.ms', value: String(Date.now()) };
  try {
    for (const configEntries of [[limit], [limit, mark]]) {
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...topic, configEntries }] });
    }
    await until(30_000, async () => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ ...topic, configNames: [mark.name] }],
      });
      assert.equal(resources[0]?.configEntries[0]?.configValue, mark.value);
    });
  } finally {
    await admin.disconnect();
  }
}
