/** This module classifies failures of Kafka and of the way to it. */
import { EffectError, type FailureClass } from '../domain/failures/failure.js';
import { classify } from '../domain/failures/failure-table.js';

/** Returns the failure class by the table. An error without a row says at least whether kafkajs would try again. */
export function classifyKafkaError(error: unknown): FailureClass {
  if (isDisconnected(error)) return 'unavailable';
  return classify(error)?.failureClass ?? (isRetriable(error) ? 'transient' : 'unknown');
}

/**
 * Returns whether kafkajs has lost its connection to a broker. It says so by a plain Error alone: this is the one case
 * in which a message text decides.
 */
const isDisconnected = (error: unknown): boolean =>
  error instanceof Error && (error.message === 'Broker not connected' || isDisconnected(error.cause));

/** Returns any error as an `EffectError`: unchanged when it is or holds one. */
export const toEffectError = (error: unknown): EffectError => {
  const decisive = classify(error)?.error ?? error;
  if (decisive instanceof EffectError) return decisive;
  const message = decisive instanceof Error ? decisive.message : String(decisive);
  return new EffectError(classifyKafkaError(error), `Kafka: ${message}`, { cause: error, store: 'kafka' });
};

/** Returns true when a broker does not know a topic. */
export const isMissingTopic = (error: unknown): boolean => {
  const decisive = classify(error instanceof EffectError ? error.cause : error)?.error;
  return decisive instanceof Error && 'type' in decisive && decisive.type === 'UNKNOWN_TOPIC_OR_PARTITION';
};

const isRetriable = (error: unknown): boolean =>
  error instanceof Error && error.name.startsWith('KafkaJS') && 'retriable' in error && error.retriable === true;
