/** Topics are made explicitly: automatic creation is off on the broker, and a typo must not become a topic. */
import type { Kafka } from 'kafkajs';
import { until } from '../until.js';
import { PUBLISHABLE_EVENT_TYPES, SERVICE_EVENT_TYPES, topicOf } from '../intents/event-types.js';

export interface TopicSettings {
  readonly prefix: string;
  /** Partitions of an event topic; default 3. A `.dlq` topic has 1. */
  readonly partitions: number;
  /** -1 (default) takes the broker's default. */
  readonly replicationFactor: number;
  readonly dlqSuffix: string;
}

/** Brokers learn of new topics within a second; a loaded one has taken five. */
const LEADERS_MS = 30_000;

export const eventTopics = (prefix: string): string[] =>
  [...PUBLISHABLE_EVENT_TYPES, ...SERVICE_EVENT_TYPES].map((eventType) => topicOf(prefix, eventType));

/** Creates what is missing; topics that exist are left as they are. @returns the names of those created. */
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
      // Not `waitForLeaders`: it gives up on the first broker that has not heard of a topic yet.
      await admin.createTopics({ topics: missing, waitForLeaders: false });
      await until(LEADERS_MS, () => admin.fetchTopicMetadata({ topics }));
    }
    return missing.map(({ topic }) => topic);
  } finally {
    await admin.disconnect();
  }
}
