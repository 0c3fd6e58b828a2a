/**
 * This module deletes the topics that a run leaves. A broker opens each topic again when it starts, which takes minutes
 * after some runs.
 */
import { Kafka, logLevel } from 'kafkajs';
import { topicPrefix } from './run.js';

/** Deletes the topics. It is called once a run, after its last test. */
export async function deleteTopics(brokers: readonly string[]): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, requestTimeout: 90_000 }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((name) => name.startsWith(topicPrefix()));
    if (topics.length > 0) await admin.deleteTopics({ topics, timeout: 60_000 });
  } finally {
    await admin.disconnect();
  }
}
