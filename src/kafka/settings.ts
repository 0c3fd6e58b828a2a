import { type Config, timeSettings } from '../config.js';
import { publishMs } from '../domain/time-outs.js';
import type { KafkaSettings } from './client.js';
import type { TopicSettings } from './topics.js';
import type { KafkaEndpoint } from '../endpoints.js';

/** Returns the settings of the Kafka client, from the environment. */
export const kafkaSettings = (config: Config, server: KafkaEndpoint): KafkaSettings => ({
  ...server,
  clientId: `bridge-store-effect-${config.SERVICE_INSTANCE}`,
  requestTimeoutMs: config.KAFKA_TIMEOUT_SECONDS * 1_000,
  retries: config.KAFKA_MAX_RETRY_ATTEMPTS,
  retryBackoffMs: config.KAFKA_RETRY_BACKOFF_BASE * 1_000,
});

/**
 * Returns the intake's consumer group. Each installation has its own: those that share a broker differ in their prefix.
 */
export const intakeGroup = ({ KAFKA_GROUP_ID: given, KAFKA_TOPIC_PREFIX: prefix }: Config): string =>
  given ?? `bridge-store-effect-intake-${prefix}`;

/** Returns the milliseconds until a publish is given up. */
export const publishDeadlineMs = (config: Config): number => publishMs(timeSettings(config));

/** Batch settings say how messages are put together and packed. */
export interface BatchSettings {
  readonly lingerMs: number;
  /** This many messages wait for no others. */
  readonly size: number;
  readonly compression: 'none' | 'gzip' | 'lz4';
}

/** Batch settings by ENVIRONMENT (docs/seed.md); any other is taken for development. */
const BATCHES: Readonly<Record<string, BatchSettings>> = {
  production: { compression: 'lz4', lingerMs: 10, size: 100 },
  staging: { compression: 'gzip', lingerMs: 5, size: 100 },
};
/** Development does not linger, so a large batch costs no latency. */
const DEVELOPMENT: BatchSettings = { compression: 'none', lingerMs: 0, size: 500 };

export function batchSettings(config: Config): BatchSettings {
  const usual = BATCHES[config.ENVIRONMENT] ?? DEVELOPMENT;
  return {
    compression: config.KAFKA_COMPRESSION ?? usual.compression,
    lingerMs: config.BATCH_LINGER_MS ?? usual.lingerMs,
    size: config.KAFKA_BATCH_SIZE ?? usual.size,
  };
}

/** Returns the settings of topics, from the environment. */
export const topicSettings = (config: Config): TopicSettings => ({
  prefix: config.KAFKA_TOPIC_PREFIX,
  partitions: config.KAFKA_TOPIC_PARTITIONS,
  replicationFactor: config.KAFKA_REPLICATION_FACTOR,
  dlqSuffix: config.KAFKA_DLQ_SUFFIX,
});
