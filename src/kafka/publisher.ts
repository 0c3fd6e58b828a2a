/** The `EventPublisher` port over a kafkajs producer. */
import { type Kafka, Partitioners, type Producer, type TopicMessages } from 'kafkajs';
import { groupBy } from '../intents/group-by.js';
import type { EventPublisher, OutboundMessage } from '../intents/ports.js';
import { toEffectError } from './failures.js';

export interface KafkaPublisher extends EventPublisher {
  /** Whether the producer holds a connection; for `/ready`. */
  readonly connected: boolean;
  disconnect(): Promise<void>;
}

/** Connects a producer: acks from all replicas, the Java client's partitioner. */
export async function createPublisher(kafka: Kafka): Promise<KafkaPublisher> {
  const producer = kafka.producer({
    // Named, because kafkajs changed its default in version 2: the same key must stay on the same partition.
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    // Not idempotent: after a failed send kafkajs takes the sequence back, and a later batch may be acknowledged unwritten.
    idempotent: false,
  });
  let connected = false;
  producer.on(producer.events.CONNECT, () => (connected = true));
  producer.on(producer.events.DISCONNECT, () => (connected = false));
  await producer.connect();
  return {
    get connected() {
      return connected;
    },
    publish: (messages) => send(producer, messages),
    disconnect: () => producer.disconnect(),
  };
}

async function send(producer: Producer, messages: readonly OutboundMessage[]): Promise<void> {
  if (messages.length === 0) return;
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
