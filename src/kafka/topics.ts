/**
 * This module creates topics explicitly: automatic creation is off on the broker, and a typo must not become a topic.
 */
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { until } from '../flow-control/until.js';
import { PUBLISHABLE_EVENT_TYPES, SERVICE_EVENT_TYPES, topicOf } from '../domain/events/event-types.js';

export interface TopicSettings {
  readonly prefix: string;
  /** Partitions of an event topic; default 3. A `.dlq` topic has 1. */
  readonly partitions: number;
  /** Replicas of a topic; -1 (default) takes the broker's default. */
  readonly replicationFactor: number;
  readonly dlqSuffix: string;
}

/** Milliseconds to wait for leaders. Brokers learn of new topics within a second; a loaded one has taken five. */
const LEADERS_MS = 30_000;

export const eventTopics = (prefix: string): string[] =>
  [...PUBLISHABLE_EVENT_TYPES, ...SERVICE_EVENT_TYPES].map((eventType) => topicOf(prefix, eventType));

/** Returns the installation's topics and their `.dlq` topics. */
export const allTopics = ({ prefix, dlqSuffix }: Pick<TopicSettings, 'prefix' | 'dlqSuffix'>): string[] =>
  eventTopics(prefix).flatMap((topic) => [topic, `${topic}${dlqSuffix}`]);

/** Returns the retention of each topic that exists, in seconds; Infinity: for ever. */
export async function topicRetention(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  const all = new Set(await admin.listTopics());
  const existing = topics.filter((topic) => all.has(topic));
  if (existing.length === 0) return new Map();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: existing.map((name) => ({
      // The type is taken from the default export: Node does not find its name among the exports of this CommonJS
      // module.
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['retention.ms', 'cleanup.policy'],
    })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => {
      const setting = (name: string) => configEntries.find(({ configName }) => configName === name)?.configValue;
      const ms = Number(setting('retention.ms') ?? -1);
      const deletes = (setting('cleanup.policy') ?? 'delete').includes('delete');
      return [resourceName, deletes && ms >= 0 ? ms / 1_000 : Infinity];
    }),
  );
}

/** Creates missing topics; topics that exist are left as they are. @returns the names of those created. */
export async function createTopics(kafka: Kafka, settings: TopicSettings): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const wanted = eventTopics(settings.prefix).flatMap((topic) => [
      { topic, numPartitions: settings.partitions, replicationFactor: settings.replicationFactor },
      { topic: `${topic}${settings.dlqSuffix}`, numPartitions: 1, replicationFactor: settings.replicationFactor },
    ]);
    const missing = wanted.filter(({ topic }) => !existing.has(topic));
    if (missing.length > 0) {
      const topics = missing.map(({ topic }) => topic);
      // `waitForLeaders` is off: it gives up on the first broker that has not heard of a topic yet.
      await admin.createTopics({ topics: missing, waitForLeaders: false });
      await until(LEADERS_MS, () => admin.fetchTopicMetadata({ topics }));
    }
    return missing.map(({ topic }) => topic);
  } finally {
    await admin.disconnect();
  }
}
