/** This module classifies failures of Kafka and of the way to it, and puts them in words. */
import { EffectError, type FailureClass } from '../domain/failures/failure.js';
import { classify, isRefusedRight } from '../domain/failures/failure-table.js';

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

/** An attempt is what brokers were asked for, for the sentence that names the right which is missing. */
export interface Attempt {
  /** The operation of an ACL. */
  readonly operation: 'Describe' | 'DescribeConfigs' | 'Read' | 'Write';
  readonly topics: readonly string[];
  readonly group?: string;
}

/** Returns any error as an `EffectError`: unchanged when it is or holds one. */
export const toEffectError = (error: unknown, attempt?: Attempt): EffectError => {
  const decisive = classify(error)?.error ?? error;
  if (decisive instanceof EffectError) return decisive;
  const message = `Kafka: ${inWords(decisive, attempt)}`;
  return new EffectError(classifyKafkaError(error), message, { cause: error, store: 'kafka' });
};

/** Returns whether no broker has named a group's coordinator. kafkajs says that also when all refuse the group. */
export const isUnknownCoordinator = (error: unknown): boolean =>
  error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound';

function inWords(error: unknown, attempt: Attempt | undefined): string {
  if (!(error instanceof Error)) return String(error);
  if (attempt?.group !== undefined && isUnknownCoordinator(error)) {
    return `no broker names the coordinator of group ${attempt.group}: an ACL has to allow this user Read on it (KAFKA_GROUP_ID)`;
  }
  if (attempt !== undefined && isRefusedRight(error)) return missingRight(error, attempt);
  if (error.name === 'KafkaJSConnectionClosedError' && 'broker' in error && error.message === 'Closed connection') {
    return `${String(error.broker)} closed the connection, as a listener does that wants TLS or a login (KAFKA_SECURITY_PROTOCOL)`;
  }
  if ('type' in error && error.type === 'UNSUPPORTED_SASL_MECHANISM') return `${error.message} (KAFKA_SASL_MECHANISM)`;
  // kafkajs puts this in front of what the socket says.
  return error.message.replace(/^Connection error: /, '');
}

function missingRight(error: Error, { operation, topics, group }: Attempt): string {
  const isOfGroup = 'type' in error && error.type === 'GROUP_AUTHORIZATION_FAILED';
  const [first, ...others] = topics;
  const topic = others.length === 0 ? `topic ${String(first)}` : `topic ${String(first)} and ${others.length} more`;
  const resource = isOfGroup && group !== undefined ? `group ${group}` : topic;
  return `this user has no right ${operation} on ${resource}: its ACL is missing (KAFKA_SASL_USERNAME, or KAFKA_SSL_CERT)`;
}

/** Returns true when a broker does not know a topic. */
export const isMissingTopic = (error: unknown): boolean => {
  const decisive = classify(error instanceof EffectError ? error.cause : error)?.error;
  return decisive instanceof Error && 'type' in decisive && decisive.type === 'UNKNOWN_TOPIC_OR_PARTITION';
};

const isRetriable = (error: unknown): boolean =>
  error instanceof Error && error.name.startsWith('KafkaJS') && 'retriable' in error && error.retriable === true;
