import { Kafka, logLevel } from 'kafkajs';
import type { Logger } from 'pino';
import { KAFKA_CONNECT_MS } from '../domain/time-outs.js';
import { registerCodecs } from './codecs.js';
import type { KafkaEndpoint } from '../endpoints.js';

export interface KafkaSettings extends KafkaEndpoint {
  readonly clientId: string;
  /** Longest wait for a broker's answer, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** kafkajs's retries of connecting and administration; the producer makes none (ADR 0004). */
  readonly retries: number;
  /** First wait between these retries, in milliseconds. */
  readonly retryBackoffMs: number;
}

export function createKafka(settings: KafkaSettings, logger: Logger): Kafka {
  registerCodecs();
  const log = logger.child({ component: 'kafkajs' });
  return new Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    requestTimeout: settings.requestTimeoutMs,
    connectionTimeout: KAFKA_CONNECT_MS,
    // kafkajs would retry five times for up to half a minute each; Temporal's retries are the ones an operator can see.
    retry: { retries: settings.retries, initialRetryTime: settings.retryBackoffMs, maxRetryTime: 5_000 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ level, log: { message, ...extra } }) => {
        const { timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = extra;
        // kafkajs reports as errors what it then retries; an error that stays is thrown, and logged where it is
        // handled.
        log[level === logLevel.ERROR ? 'warn' : 'info'](fields, message);
      },
  });
}
