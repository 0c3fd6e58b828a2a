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

/** The broker refuses messages to the topic that are larger. */
export async function limitTopic(brokers: readonly string[], name: string, bytes: number): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }];
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }],
    });
  } finally {
    await admin.disconnect();
  }
}
