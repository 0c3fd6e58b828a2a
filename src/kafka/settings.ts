import type { Config } from '../config.js';
import type { KafkaSettings } from './client.js';
import type { TopicSettings } from './topics.js';

/** What the environment says about Kafka, as the client takes it. */
export const kafkaSettings = (config: Config, brokers: readonly string[]): KafkaSettings => ({
  brokers,
  clientId: `bridge-store-effect-${config.SERVICE_INSTANCE}`,
  requestTimeoutMs: config.KAFKA_TIMEOUT_SECONDS * 1_000,
  retries: config.KAFKA_MAX_RETRY_ATTEMPTS,
  retryBackoffMs: config.KAFKA_RETRY_BACKOFF_BASE * 1_000,
});

/** What the environment says about topics. */
export const topicSettings = (config: Config): TopicSettings => ({
  prefix: config.KAFKA_TOPIC_PREFIX,
  partitions: config.KAFKA_TOPIC_PARTITIONS,
  replicationFactor: config.KAFKA_REPLICATION_FACTOR,
  dlqSuffix: config.KAFKA_DLQ_SUFFIX,
});
