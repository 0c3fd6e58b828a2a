/**
 * This module reads all records of some topics up to their present ends, in this process. The broker's own consumer
 * (console-consumer.ts) reads the same once for each feature, because it takes a second of CPU a time.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Admin, IHeaders, Kafka } from 'kafkajs';
import '../../src/kafka/codecs.js';
import { until } from '../../src/flow-control/until.js';
import { kafkaOf } from './kafka-of.js';
import type { KafkaEndpoint } from '../../src/endpoints.js';

export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The record as kafkajs reads it: bytes, and several headers of one name. */
  readonly raw: Raw;
}

interface Raw {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

export interface ReadRecordsOptions {
  /** Number of records to wait for in all topics together, a minute at most. Default: takes what they hold now. */
  readonly expect?: number;
}

/**
 * Milliseconds to wait for records. On a busy machine the local broker loses its session of 4 s, and leads no topic
 * until it has registered again.
 */
const WAIT_MS = 60_000;

/** Returns the records of each partition in their order. Topics that do not exist hold nothing. */
export async function readRecords(
  endpoint: KafkaEndpoint,
  topics: readonly string[],
  { expect = 0 }: ReadRecordsOptions = {},
): Promise<TopicRecord[]> {
  const kafka = kafkaOf(endpoint);
  const admin = kafka.admin();
  await admin.connect();
  const groupId = `records-${randomUUID()}`;
  try {
    const ends = await until(WAIT_MS, async () => {
      const { found, count } = await endsOf(admin, topics);
      assert.ok(count >= expect, `${topics.join(', ')}: ${count} of ${expect} records`);
      return found;
    });
    if (ends.size === 0) return [];
    const records = await consume(kafka, groupId, ends);
    await admin.deleteGroups([groupId]);
    return records;
  } finally {
    await admin.disconnect();
  }
}

/** Returns the end offsets of the partitions that hold anything, by `topic/partition`, and the number of records. */
async function endsOf(
  admin: Admin,
  topics: readonly string[],
): Promise<{ readonly found: Map<string, bigint>; readonly count: number }> {
  const existing = new Set(await admin.listTopics());
  const found = new Map<string, bigint>();
  let count = 0;
  for (const topic of topics.filter((name) => existing.has(name))) {
    for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
      if (BigInt(high) > BigInt(low)) found.set(`${topic}/${partition}`, BigInt(high));
      count += Number(high) - Number(low);
    }
  }
  return { found, count };
}

async function consume(kafka: Kafka, groupId: string, ends: Map<string, bigint>): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  const next = new Map<string, bigint>();
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    const topics = [...new Set([...ends.keys()].map((key) => key.slice(0, key.lastIndexOf('/'))))];
    await consumer.subscribe({ topics, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        // The coordinator of a new broker still loads, which kafkajs calls a crash. kafkajs then starts again by
        // itself.
        if (!payload.restart) reject(payload.error);
      });
      const eachMessage = ({ topic, partition, message }: EachMessage): Promise<void> => {
        const place = `${topic}/${partition}`;
        const offset = BigInt(message.offset);
        const end = ends.get(place);
        // The message is beyond the partition's end, or was read before kafkajs started again.
        if (end === undefined || offset < (next.get(place) ?? 0n)) return Promise.resolve();
        next.set(place, offset + 1n);
        const [key, value] = [textOf(message.key), textOf(message.value)];
        const { headers = {} } = message;
        const raw = { key: message.key, value: message.value, headers };
        records.push({ topic, partition, offset, key, value, headers: headersOf(headers), raw });
        if (offset >= end - 1n) ends.delete(place);
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

const textOf = (bytes: Buffer | null): string | null => bytes?.toString() ?? null;

const headersOf = (headers: IHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

interface EachMessage {
  readonly topic: string;
  readonly partition: number;
  readonly message: {
    readonly offset: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers?: IHeaders;
  };
}
