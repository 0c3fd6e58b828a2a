/**
 * This table alone gives the errors of PostgreSQL, Node, kafkajs and Temporal their failure classes. It goes by the
 * shape of an error, so it imports no driver; message texts decide nothing. One error of kafkajs has nothing but its
 * text; `src/kafka/failures.ts` classifies that one.
 */
import { EffectError, type FailureClass } from './failure.js';
import { tlsFailureOf } from './tls-failures.js';

type Rows = Readonly<Record<string, FailureClass>>;

export const FAILURE_TABLE = {
  /**
   * Rows by code of PostgreSQL: a whole code, or a class of two characters. Whole codes come first.
   * https://www.postgresql.org/docs/current/errcodes-appendix.html
   */
  sqlstate: {
    // The connection is to a standby, as after a failover that has not reached the address yet.
    '25006': 'unavailable',
    // lock_timeout, statement_timeout.
    '55P03': 'transient',
    '57014': 'transient',
    // The server was shut down, crashed or is starting up, or an administrator terminated the session. 57P05 is an idle
    // session's end.
    '57P01': 'unavailable',
    '57P02': 'unavailable',
    '57P03': 'unavailable',
    '57P05': 'unavailable',
    '08': 'unavailable',
    // 53100 is a full disk; the rest of 53 is too little memory or too many connections.
    '53100': 'unavailable',
    '53': 'transient',
    // Serialization failure, deadlock.
    '40': 'transient',
    // Invalid value, violated constraint, row twice in one command, value too large for its row or index.
    '22': 'invalid',
    '23': 'invalid',
    '21': 'invalid',
    '54': 'invalid',
  },
  /** Rows by error code, or by system call and error code. */
  errno: {
    ECONNREFUSED: 'unavailable',
    ECONNRESET: 'unavailable',
    ECONNABORTED: 'unavailable',
    ETIMEDOUT: 'unavailable',
    EPIPE: 'unavailable',
    ENOTFOUND: 'unavailable',
    EAI_AGAIN: 'unavailable',
    EHOSTUNREACH: 'unavailable',
    ENETUNREACH: 'unavailable',
    // This is a Unix socket that is not there. For a file, ENOENT says nothing about a store.
    'connect ENOENT': 'unavailable',
  },
  /**
   * Rows by type of a broker's answer. The message is at fault where the class is `invalid`; for types without a row
   * see `classOfBrokerAnswer`.
   */
  kafkaAnswer: {
    MESSAGE_TOO_LARGE: 'invalid',
    RECORD_LIST_TOO_LARGE: 'invalid',
    INVALID_RECORD: 'invalid',
    CORRUPT_MESSAGE: 'invalid',
    // The broker's answer is about other brokers that it cannot reach.
    BROKER_NOT_AVAILABLE: 'unavailable',
    NETWORK_EXCEPTION: 'unavailable',
    // The login comes before any request.
    SASL_AUTHENTICATION_FAILED: 'unavailable',
    UNSUPPORTED_SASL_MECHANISM: 'unavailable',
    ILLEGAL_SASL_STATE: 'unavailable',
  },
  /** Rows by name of kafkajs's errors on this side of the connection. */
  kafkajs: {
    KafkaJSConnectionError: 'unavailable',
    KafkaJSConnectionClosedError: 'unavailable',
    // The login comes before any request.
    KafkaJSSASLAuthenticationError: 'unavailable',
    KafkaJSRequestTimeoutError: 'unavailable',
    // kafkajs waited in vain for another caller's attempt to connect.
    KafkaJSLockTimeout: 'unavailable',
    KafkaJSNoBrokerAvailableError: 'unavailable',
    // This error wraps the last one that was met. Closed connections and brokers not found are plain KafkaJSErrors
    // inside it.
    KafkaJSNumberOfRetriesExceeded: 'unavailable',
  },
  /** Rows by gRPC status code of Temporal's frontend. https://grpc.io/docs/guides/status-codes/ */
  grpc: {
    // CANCELLED is what a connection in the making ends with; the others are DEADLINE_EXCEEDED and UNAVAILABLE.
    '1': 'unavailable',
    '4': 'unavailable',
    '14': 'unavailable',
    // UNAUTHENTICATED, PERMISSION_DENIED: a login is at fault and no request.
    '16': 'unavailable',
    '7': 'unavailable',
    // RESOURCE_EXHAUSTED (rate limit), ABORTED.
    '8': 'transient',
    '10': 'transient',
    // INVALID_ARGUMENT.
    '3': 'invalid',
  },
} as const satisfies Readonly<Record<string, Rows>>;

export interface Classified {
  readonly failureClass: FailureClass;
  /** The error that decided the class: the given error, a part of it or a cause. */
  readonly error: Error;
}

/**
 * Classifies an error by the innermost one that the table knows, because an error around it knows less. An
 * `EffectError` has been classified already, and decides over what is inside.
 * @returns undefined when the table knows no error in it; the class is then `unknown`, unless the caller knows more.
 */
export function classify(error: unknown): Classified | undefined {
  const isClassified = (one: Error): boolean => one instanceof EffectError;
  for (const one of errorsIn(error, isClassified)) {
    const failureClass = one instanceof EffectError ? one.failureClass : classOf(one);
    if (failureClass !== undefined) return { failureClass, error: one };
  }
  return undefined;
}

/** Answers of a broker to a login that it does not take. */
const LOGIN_ANSWERS = ['SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE'];

/** Returns whether a store has refused the login: a wrong, expired or rotated password, token or certificate. */
export function isRefusedLogin(error: unknown): boolean {
  return [...errorsIn(error)].some(({ name, code, type, message, details }: Shape) => {
    if (name === 'KafkaJSSASLAuthenticationError' || LOGIN_ANSWERS.some((one) => one === type)) return true;
    // PgBouncer has a code for all that it refuses, and tells them apart by the text only.
    if (code === '08P01') return message.includes('authentication failed');
    // gRPC's UNAUTHENTICATED and PERMISSION_DENIED: by the latter Temporal refuses a token that it cannot verify, too.
    if (typeof code !== 'string') return (code === 16 || code === 7) && typeof details === 'string';
    // Class 28 of SQLSTATE: invalid authorization specification.
    return /^28\w{3}$/.test(code) || tlsFailureOf(code) === 'client';
  });
}

/** Returns whether a store has refused a right to a login that it has taken: an ACL is missing. */
export const isRefusedRight = (error: unknown): boolean =>
  [...errorsIn(error)].some(({ type }: Shape) => typeof type === 'string' && type.endsWith('_AUTHORIZATION_FAILED'));

/**
 * Returns an error and the errors inside, innermost first, each once.
 * @param isWhole tells of which errors the inside is left out; default: of none.
 * @param seen the errors that were looked at: they keep a chain that is a loop from going round.
 */
export function* errorsIn(
  error: unknown,
  isWhole?: (error: Error) => boolean,
  seen = new Set<Error>(),
): Generator<Error> {
  if (!(error instanceof Error) || seen.has(error)) return;
  seen.add(error);
  if (isWhole?.(error) !== true) {
    // AggregateError holds one error per address tried; kafkajs has an aggregate of its own.
    const parts: readonly unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
    for (const inner of [...parts, error.cause]) yield* errorsIn(inner, isWhole, seen);
  }
  yield error;
}

interface Shape extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly type?: unknown;
  readonly retriable?: unknown;
  readonly details?: unknown;
}

function classOf({ name, code, syscall, type, retriable, details }: Shape): FailureClass | undefined {
  // A broker's answer goes before its code, because a broker's numbers are not gRPC's.
  if (name.startsWith('KafkaJS') && typeof type === 'string') return classOfBrokerAnswer(type, retriable === true);
  const byName = rowOf(FAILURE_TABLE.kafkajs, name);
  if (byName !== undefined) return byName;
  if (typeof code === 'number' && typeof details === 'string') return rowOf(FAILURE_TABLE.grpc, String(code));
  return typeof code === 'string' ? classOfCode(code, String(syscall)) : undefined;
}

const classOfCode = (code: string, syscall: string): FailureClass | undefined =>
  (/^[0-9A-Z]{5}$/.test(code) ? sqlstate(code) : undefined) ??
  rowOf(FAILURE_TABLE.errno, code) ??
  rowOf(FAILURE_TABLE.errno, `${syscall} ${code}`);

const sqlstate = (code: string) =>
  rowOf(FAILURE_TABLE.sqlstate, code) ?? rowOf(FAILURE_TABLE.sqlstate, code.slice(0, 2));

/**
 * Returns the class of a broker's answer by its row. An answer without a row is `transient` where the protocol calls it
 * retriable, such as a leader that moves. Any other is `unknown`.
 */
const classOfBrokerAnswer = (type: string, retriable: boolean): FailureClass =>
  rowOf(FAILURE_TABLE.kafkaAnswer, type) ?? (retriable ? 'transient' : 'unknown');

const rowOf = (rows: Rows, key: string): FailureClass | undefined => (Object.hasOwn(rows, key) ? rows[key] : undefined);
