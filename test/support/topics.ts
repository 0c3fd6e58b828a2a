import type { Admin, ITopicConfig } from 'kafkajs';
import { until } from '../../src/until.js';

/**
 * Creates topics, and returns when the broker knows them. kafkajs' own `waitForLeaders` gives up on the first broker that has
 * not heard of a topic yet, which a loaded one says for seconds.
 */
export async function makeTopics(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, waitForLeaders: false });
  await until(30_000, () => admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) }));
}
