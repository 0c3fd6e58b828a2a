/** The `EventPublisher` port over a kafkajs producer. */
import { type Kafka, Partitioners, type Producer, type TopicMessages } from 'kafkajs';
import { groupCommit, type GroupCommitOptions } from '../batching/group-commit.js';
import { groupBy } from '../intents/group-by.js';
import type { EventPublisher, OutboundMessage } from '../intents/ports.js';
import { toEffectError } from './failures.js';

export interface KafkaPublisher extends EventPublisher {
  /** Asks the cluster who is there. @throws EffectError when it does not answer. */
  ping(): Promise<{ readonly brokers: number }>;
  disconnect(): Promise<void>;
}

/**
 * Bytes of one topic's messages in a request: kafkajs sends a record batch per partition and request, and
 * `max.message.bytes` (1 MiB by default) limits that batch. The rest is for the records' own frames.
 */
const TOPIC_BYTES = 900_000;
/** Frame, timestamps and lengths of a record and of its headers. */
const RECORD_OVERHEAD = 100;

/** Connects a producer: acks from all replicas, the Java client's partitioner. */
export async function createPublisher(kafka: Kafka, options: GroupCommitOptions = {}): Promise<KafkaPublisher> {
  const producer = kafka.producer({
    // Named, because kafkajs changed its default in version 2: the same key must stay on the same partition.
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    // Not idempotent: after a failed send kafkajs takes the sequence back, and a later batch may be acknowledged unwritten.
    idempotent: false,
    // None: on its own retry kafkajs skips every broker that has answered before, also for a partition that has moved to it
    // since, and reports the whole send as acknowledged. Temporal's next attempt sends everything, under the same event ids.
    retry: { retries: 0 },
  });
  const admin = kafka.admin({ retry: { retries: 0 } });
  try {
    await Promise.all([producer.connect(), admin.connect()]);
  } catch (error) {
    await Promise.allSettled([producer.disconnect(), admin.disconnect()]);
    throw toEffectError(error);
  }
  const publishTogether = groupCommit<OutboundMessage, undefined>(
    async (messages) => {
      // One request after the other: messages of a key keep their order.
      for (const request of requestsOf(messages)) await send(producer, request);
      return messages.map(() => undefined);
    },
    // Two: one is on its way while the other is put together.
    { maxInFlight: 2, ...options },
  );
  return {
    async ping() {
      try {
        return { brokers: (await admin.describeCluster()).brokers.length };
      } catch (error) {
        throw toEffectError(error);
      }
    },
    async publish(messages) {
      await publishTogether(messages);
    },
    async disconnect() {
      await Promise.allSettled([producer.disconnect(), admin.disconnect()]);
    },
  };
}

async function send(producer: Producer, messages: readonly OutboundMessage[]): Promise<void> {
  const topicMessages: TopicMessages[] = [...groupBy(messages, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    messages: ofTopic.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
  }));
  try {
    await producer.sendBatch({ topicMessages, acks: -1 });
  } catch (error) {
    throw toEffectError(error);
  }
}

/** Cuts messages, in order, into requests that hold at most `TOPIC_BYTES` of any topic. */
export function requestsOf(messages: readonly OutboundMessage[], topicBytes = TOPIC_BYTES): OutboundMessage[][] {
  const requests: OutboundMessage[][] = [];
  const bytes = new Map<string, number>();
  for (const message of messages) {
    const size = sizeOf(message);
    const current = requests.at(-1);
    const held = bytes.get(message.topic) ?? 0;
    if (current === undefined || (held > 0 && held + size > topicBytes)) {
      requests.push([message]);
      bytes.clear();
      bytes.set(message.topic, size);
    } else {
      current.push(message);
      bytes.set(message.topic, held + size);
    }
  }
  return requests;
}

const sizeOf = ({ key, value, headers }: OutboundMessage): number =>
  RECORD_OVERHEAD +
  Buffer.byteLength(key) +
  Buffer.byteLength(value) +
  Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + Buffer.byteLength(text), 0);
