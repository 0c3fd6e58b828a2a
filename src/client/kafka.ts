import { hostname } from 'node:os';
import type { Kafka } from 'kafkajs';
import { pino } from 'pino';
import { createKafka } from '../kafka/client.js';
import type { BatchSettings } from '../kafka/settings.js';

export interface KafkaOptions {
  /** host:port each. */
  readonly brokers: readonly string[];
  /** Of the topics; default `omninode_bridge`. */
  readonly topicPrefix?: string;
  /** Written to the envelope; default `development`. */
  readonly environment?: string;
  /** Written to the envelope; default `local`. */
  readonly region?: string;
  /** Of the lists it emits; default `none`. */
  readonly compression?: BatchSettings['compression'];
}

export const DEFAULT_TOPIC_PREFIX = 'omninode_bridge';

/** Silent: errors are thrown to the caller, which has its own log. */
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
