/** This module reads topics as they stand now, for a person to look at. It is not for production. */
import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';

export interface ReadMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
}

/** Reads all messages in `topics`, up to their present ends, that `wanted` accepts. */
export async function readTopics(
  kafka: Kafka,
  topics: readonly string[],
  wanted: (message: ReadMessage) => boolean,
): Promise<ReadMessage[]> {
  const remaining = await endsOf(kafka, topics);
  const messages: ReadMessage[] = [];
  const next = new Map<string, bigint>();
  if (remaining.size === 0) return messages;
  const groupId = `bridge-read-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      // kafkajs calls it a crash when a coordinator still loads, as a new broker's does, and starts again by itself.
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) reject(payload.error);
      });
      consumer
        .run({
          // eslint-disable-next-line @typescript-eslint/require-await -- kafkajs wants a promise
          eachMessage: async ({ topic, partition, message }) => {
            const found = { topic, key: message.key?.toString() ?? '', value: message.value?.toString() ?? '' };
            const partitionId = `${topic}/${partition}`;
            const offset = BigInt(message.offset);
            const end = remaining.get(partitionId);
            // The message was read before the consumer started again.
            if (end === undefined || offset < (next.get(partitionId) ?? 0n)) return;
            next.set(partitionId, offset + 1n);
            if (offset < end && wanted(found)) messages.push(found);
            if (offset >= end - 1n) remaining.delete(partitionId);
            if (remaining.size === 0) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
    await deleteGroup(kafka, groupId);
  }
  return messages;
}

/** Returns the end offsets of the partitions that hold anything. */
async function endsOf(kafka: Kafka, topics: readonly string[]): Promise<Map<string, bigint>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ends = new Map<string, bigint>();
    for (const topic of topics) {
      for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
        if (BigInt(high) > BigInt(low)) ends.set(`${topic}/${partition}`, BigInt(high));
      }
    }
    return ends;
  } finally {
    await admin.disconnect();
  }
}

async function deleteGroup(kafka: Kafka, groupId: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.deleteGroups([groupId]);
  } finally {
    await admin.disconnect();
  }
}
