import { hostname } from 'node:os';
import type { Kafka } from 'kafkajs';
import { type KafkaSecurityOptions, readKafka } from '../config.js';
import { createKafka, type KafkaSettings } from '../kafka/client.js';
import type { BatchSettings } from '../kafka/settings.js';

/** These options say where and how `emitIntents` reaches Kafka. */
export interface KafkaOptions {
  /** The brokers, each as `host:port` or `SASL_SSL://host:port`. */
  readonly brokers: readonly string[];
  /** TLS and the login, which are read from no environment; default: neither. */
  readonly security?: KafkaSecurityOptions;
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

/** Options whose brokers and security have been judged. */
export type UsableKafka = Omit<KafkaOptions, 'brokers' | 'security'> & Pick<KafkaSettings, 'brokers' | 'security'>;

/** @throws ConfigError for brokers or a security that cannot be used as they are meant. */
export const usableKafka = ({ brokers, security, ...options }: KafkaOptions): UsableKafka => ({
  ...options,
  ...readKafka({ brokers, ...(security === undefined ? {} : { security }) }),
});

/** Makes a Kafka client that logs nothing: errors are thrown to the caller, which has its own log. */
export const kafkaOf = ({ brokers, security }: UsableKafka): Kafka =>
  createKafka({
    brokers,
    ...(security === undefined ? {} : { security }),
    clientId: `bridge-client-${hostname()}`,
    requestTimeoutMs: 30_000,
    retries: 3,
    retryBackoffMs: 300,
  });
