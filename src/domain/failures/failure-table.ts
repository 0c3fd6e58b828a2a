/**
 * This table alone gives the errors of PostgreSQL, Node, kafkajs and Temporal their failure classes. It goes by the
 * shape of an error, so it imports no driver; message texts decide nothing. (One error of kafkajs has nothing else: see
 * `src/kafka/failures.ts`.)
 */
import { EffectError, type FailureClass } from './failure.js';

type Rows = Readonly<Record<string, FailureClass>>;

export const FAILURE_TABLE = {
  /**
   * A whole code, or a class of two characters; whole codes come first.
   * https://www.postgresql.org/docs/current/errcodes-appendix.html
   */
  sqlstate: {
    // Connected to a standby, as after a failover that has not reached the address yet.
    '25006': 'unavailable',
    // lock_timeout, statement_timeout.
    '55P03': 'transient',
    '57014': 'transient',
    // Shut down, crashed, starting up, terminated by an administrator; 57P05 is an idle session's end.
    '57P01': 'unavailable',
    '57P02': 'unavailable',
    '57P03': 'unavailable',
    '57P05': 'unavailable',
    '08': 'unavailable',
    // Disk full; the rest of 53: out of memory, too many connections.
    '53100': 'unavailable',
    '53': 'transient',
    // Serialization failure, deadlock.
    '40': 'transient',
    // Bad value, violated constraint, row twice in one command, value too large for its row or index.
    '22': 'invalid',
    '23': 'invalid',
    '21': 'invalid',
    '54': 'invalid',
  },
  /** A code, or a system call and a code. */
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
    // A Unix socket that is not there. Of a file, ENOENT says nothing about a store.
    'connect ENOENT': 'unavailable',
  },
  /** Types of a broker's answer. The message is at fault in these; for the others see `classOfBrokerAnswer`. */
  kafkaAnswer: {
    MESSAGE_TOO_LARGE: 'invalid',
    RECORD_LIST_TOO_LARGE: 'invalid',
    INVALID_RECORD: 'invalid',
    CORRUPT_MESSAGE: 'invalid',
    // The broker speaks of others it cannot reach.
    BROKER_NOT_AVAILABLE: 'unavailable',
    NETWORK_EXCEPTION: 'unavailable',
  },
  /** Names of kafkajs's errors on this side of the connection. */
  kafkajs: {
    KafkaJSConnectionError: 'unavailable',
    KafkaJSConnectionClosedError: 'unavailable',
    KafkaJSRequestTimeoutError: 'unavailable',
    // Waited for somebody else's attempt to connect.
    KafkaJSLockTimeout: 'unavailable',
    KafkaJSNoBrokerAvailableError: 'unavailable',
    // Around what was tried last: connections that were closed and brokers not found are plain KafkaJSErrors inside.
    KafkaJSNumberOfRetriesExceeded: 'unavailable',
  },
  /** gRPC status codes of Temporal's frontend. https://grpc.io/docs/guides/status-codes/ */
  grpc: {
    // CANCELLED is what a connection in the making ends with; DEADLINE_EXCEEDED, UNAVAILABLE.
    '1': 'unavailable',
    '4': 'unavailable',
    '14': 'unavailable',
    // RESOURCE_EXHAUSTED (rate limit), ABORTED.
    '8': 'transient',
    '10': 'transient',
    // INVALID_ARGUMENT.
    '3': 'invalid',
  },
} as const satisfies Readonly<Record<string, Rows>>;

export interface Classified {
  readonly failureClass: FailureClass;
  /** The one that decided: the error itself, a part or a cause. */
  readonly error: Error;
}

/**
 * Classifies by the innermost error that the table knows: what wraps an error knows less of it. An `EffectError` has
 * been classified already and decides over what is inside.
 * @returns undefined when nothing in it is known; the class is then `unknown`, unless the caller knows more.
 */
export function classify(error: unknown): Classified | undefined {
  return classifyOnce(error, new Set());
}

/** @param seen keeps a chain that is a loop from going round. */
function classifyOnce(error: unknown, seen: Set<Error>): Classified | undefined {
  if (!(error instanceof Error) || seen.has(error)) return undefined;
  seen.add(error);
  if (error instanceof EffectError) return { failureClass: error.failureClass, error };
  // AggregateError holds one error per address tried; kafkajs has an aggregate of its own.
  const parts: readonly unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  for (const inner of [...parts, error.cause]) {
    const found = classifyOnce(inner, seen);
    if (found !== undefined) return found;
  }
  const failureClass = classOf(error);
  return failureClass === undefined ? undefined : { failureClass, error };
}

interface Shape extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly type?: unknown;
  readonly retriable?: unknown;
  readonly details?: unknown;
}

function classOf({ name, code, syscall, type, retriable, details }: Shape): FailureClass | undefined {
  // Before its code: a broker's numbers are not gRPC's.
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
 * A broker's answer that the protocol calls retriable is `transient`, such as a leader that moves. Any other is
 * `unknown`.
 */
const classOfBrokerAnswer = (type: string, retriable: boolean): FailureClass =>
  rowOf(FAILURE_TABLE.kafkaAnswer, type) ?? (retriable ? 'transient' : 'unknown');

const rowOf = (rows: Rows, key: string): FailureClass | undefined => (Object.hasOwn(rows, key) ? rows[key] : undefined);
