/** kafkajs errors -> failure classes (design 4). */
import kafkajs from 'kafkajs';
import { EffectError, type FailureClass } from '../intents/failure.js';

// CommonJS: its error classes are not among the names Node finds for an import.
const {
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
} = kafkajs;

/** Broker answers that say the message is at fault; the rest of the protocol's errors are the cluster's state. */
const INVALID_TYPES = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE']);

export function classifyKafkaError(error: unknown): FailureClass {
  const root = rootOf(error);
  if (root instanceof KafkaJSProtocolError) {
    if (INVALID_TYPES.has(root.type)) return 'invalid';
    return root.retriable ? 'transient' : 'unknown';
  }
  if (root instanceof KafkaJSConnectionError || root instanceof KafkaJSRequestTimeoutError) return 'unavailable';
  // Connection refused, closed or broker not found arrive as plain KafkaJSErrors after the retries are spent.
  if (error instanceof KafkaJSNumberOfRetriesExceeded) return 'unavailable';
  if (root instanceof KafkaJSNonRetriableError) return 'unknown';
  return root instanceof KafkaJSError && root.retriable ? 'transient' : 'unknown';
}

export const toEffectError = (error: unknown): EffectError => {
  if (error instanceof EffectError) return error;
  const root = rootOf(error);
  const message = root instanceof Error ? root.message : String(root);
  return new EffectError(classifyKafkaError(error), `Kafka: ${message}`, { cause: error, code: 'KAFKA_ERROR' });
};

/** True when a broker does not know a topic. */
export const isMissingTopic = (error: unknown): boolean => {
  const root = rootOf(error instanceof EffectError ? error.cause : error);
  return root instanceof KafkaJSProtocolError && root.type === 'UNKNOWN_TOPIC_OR_PARTITION';
};

/** The error behind kafkajs's "retries exceeded". */
function rootOf(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof KafkaJSError && current.cause instanceof Error; depth += 1) {
    current = current.cause;
  }
  return current;
}
