import assert from 'node:assert/strict';
import { type Admin, ConfigResourceTypes, type ITopicConfig } from 'kafkajs';
import { until } from '../../src/flow-control/until.js';
import { kafkaOf } from './kafka-of.js';

/**
 * Creates topics, and returns when the broker knows them. kafkajs' own `waitForLeaders` gives up on the first answer
 * that a topic is not known yet. A loaded broker answers so for seconds.
 */
export async function makeTopics(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, waitForLeaders: false });
  await until(30_000, () => admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) }));
}

/**
 * Gives a topic this setting alone, and returns when it holds. The broker answers a change before it has made it, and
 * shows it a moment before, too. It makes changes one after the other, so the second one that is shown says that the
 * first is made.
 */
export async function configureTopic(
  brokers: readonly string[],
  name: string,
  setting: 'max.message.bytes' | 'retention.ms' | 'cleanup.policy',
  value: string | number,
): Promise<void> {
  const admin = kafkaOf({ brokers }).admin();
  await admin.connect();
  const topic = { type: ConfigResourceTypes.TOPIC, name };
  const entry = { name: setting, value: String(value) };
  // The mark is the second change, with another value each time. It is a setting of compacted topics, and no test looks
  // at what they delete.
  const mark = { name: 'delete.retention.ms', value: String(Date.now()) };
  try {
    for (const configEntries of [[entry], [entry, mark]]) {
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
