import { hostname } from 'node:os';
import type { Kafka } from 'kafkajs';
import { pino } from 'pino';
import { readBrokers } from '../config.js';
import { createKafka } from '../kafka/client.js';
import type { BatchSettings } from '../kafka/settings.js';

export interface KafkaOptions {
  /** The brokers, each as `host:port`. */
  readonly brokers: readonly string[];
  /** The prefix of the topics; default `omninode_bridge`. */
  readonly topicPrefix?: string;
  /** The environment that is written to the envelope; default `development`. */
  readonly environment?: string;
  /** The region that is written to the envelope; default `local`. */
  readonly region?: string;
  /** The compression of the lists that the client emits; default `none`. */
  readonly compression?: BatchSettings['compression'];
}

export const DEFAULT_TOPIC_PREFIX = 'omninode_bridge';

/** @throws ConfigError for brokers that cannot be used as they are meant. */
export const usableKafka = (options: KafkaOptions): KafkaOptions => ({
  ...options,
  brokers: readBrokers('kafka.brokers', options.brokers),
});

/** Makes a Kafka client that logs nothing: errors are thrown to the caller, which has its own log. */
export const kafkaOf = ({ brokers }: KafkaOptions): Kafka =>
  createKafka(
    {
      brokers,
      clientId: `bridge-client-${hostname()}`,
      requestTimeoutMs: 30_000,
      retries: 3,
      retryBackoffMs: 300,
    },
    pino({ level: 'silent' }),
  );
