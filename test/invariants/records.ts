/** All records of some topics up to their present ends, with their offsets. */
import { randomUUID } from 'node:crypto';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import '../../src/kafka/codecs.js';
import type { Environment } from '../support/environment.js';

export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly value: string;
}

/** Topics that do not exist hold nothing. */
export async function readRecords({ endpoints }: Environment, topics: readonly string[]): Promise<TopicRecord[]> {
  const kafka = new Kafka({ brokers: [...endpoints.kafka.brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const groupId = `invariants-${randomUUID()}`;
  try {
    const ends = await endsOf(admin, topics);
    if (ends.size === 0) return [];
    const records = await consume(kafka, groupId, ends);
    await admin.deleteGroups([groupId]);
    return records;
  } finally {
    await admin.disconnect();
  }
}

/** End offsets of the partitions that hold anything, by `topic/partition`. */
async function endsOf(admin: Admin, topics: readonly string[]): Promise<Map<string, bigint>> {
  const existing = new Set(await admin.listTopics());
  const ends = new Map<string, bigint>();
  for (const topic of topics.filter((name) => existing.has(name))) {
    for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
      if (BigInt(high) > BigInt(low)) ends.set(`${topic}/${partition}`, BigInt(high));
    }
  }
  return ends;
}

async function consume(kafka: Kafka, groupId: string, ends: Map<string, bigint>): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    const topics = [...new Set([...ends.keys()].map((key) => key.slice(0, key.lastIndexOf('/'))))];
    await consumer.subscribe({ topics, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
      const eachMessage = ({ topic, partition, message }: EachMessage): Promise<void> => {
        const key = `${topic}/${partition}`;
        const offset = BigInt(message.offset);
        const end = ends.get(key);
        if (end !== undefined) records.push({ topic, partition, offset, value: message.value?.toString() ?? '' });
        if (end !== undefined && offset >= end - 1n) ends.delete(key);
        if (ends.size === 0) resolve();
        return Promise.resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    return records;
  } finally {
    await consumer.disconnect();
  }
}

interface EachMessage {
  readonly topic: string;
  readonly partition: number;
  readonly message: { readonly offset: string; readonly value: Buffer | null };
}
