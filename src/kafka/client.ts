import { Kafka, type logCreator, logLevel } from 'kafkajs';
import type { Logger } from 'pino';
import { KAFKA_CONNECT_MS } from '../domain/time-outs.js';
import { seldom } from '../flow-control/seldom.js';
import { registerCodecs } from './codecs.js';
import { secured } from './security.js';
import type { KafkaEndpoint } from '../endpoints.js';

export interface KafkaSettings extends KafkaEndpoint {
  readonly clientId: string;
  /** Longest wait for a connection, in milliseconds; default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Longest wait for a broker's answer, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** kafkajs's retries of connecting and administration; the producer makes none (ADR 0004). */
  readonly retries: number;
  /** First wait between these retries, in milliseconds. */
  readonly retryBackoffMs: number;
}

/**
 * Makes the client of a Kafka cluster. Nothing else makes one, so that all connect alike.
 * @param logger gets what kafkajs has to say; default: nobody does.
 */
export function createKafka(settings: KafkaSettings, logger?: Logger): Kafka {
  registerCodecs();
  return new Kafka({
    brokers: [...settings.brokers],
    ...secured(settings),
    clientId: settings.clientId,
    requestTimeout: settings.requestTimeoutMs,
    connectionTimeout: settings.connectTimeoutMs ?? KAFKA_CONNECT_MS,
    // kafkajs would retry five times for up to half a minute each; Temporal's retries are the ones an operator can see.
    retry: { retries: settings.retries, initialRetryTime: settings.retryBackoffMs, maxRetryTime: 5_000 },
    ...(logger === undefined
      ? { logLevel: logLevel.NOTHING }
      : { logLevel: logLevel.WARN, logCreator: logsTo(logger.child({ component: 'kafkajs' })) }),
  });
}

/** Logs what kafkajs says, the same of the same thing once a minute: it says it at each of its attempts. */
function logsTo(log: Logger): logCreator {
  const due = seldom();
  return () =>
    ({ level, log: { message, ...extra } }) => {
      const { timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = extra;
      // kafkajs hands over errors as messages, too.
      const given: unknown = message;
      const text = given instanceof Error ? given.message : String(given);
      const { topic, partition, broker, error } = fields;
      const more = due(JSON.stringify([text, topic, partition, broker, error]));
      if (more === undefined) return;
      // kafkajs reports as errors what it then retries; an error that stays is thrown, and logged where it is handled.
      log[level === logLevel.ERROR ? 'warn' : 'info']({ ...fields, ...more }, text);
    };
}
