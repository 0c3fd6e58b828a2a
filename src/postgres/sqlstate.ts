/** Failures of PostgreSQL and of the way to it, as failure classes (design 4). The only table of its kind. */
import { EffectError, type FailureClass } from '../intents/failure.js';

/**
 * SQLSTATE to class: a whole code, or a class of two characters. Whole codes come first.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const BY_SQLSTATE: Readonly<Record<string, FailureClass>> = {
  // 25006: connected to a standby, as after a failover that has not reached the address yet.
  '25006': 'unavailable',
  // 55P03 lock_timeout; 57014 statement_timeout.
  '55P03': 'transient',
  '57014': 'transient',
  // Shut down, crashed, starting up, terminated by an administrator; 57P05 is an idle session's end.
  '57P01': 'unavailable',
  '57P02': 'unavailable',
  '57P03': 'unavailable',
  '57P05': 'unavailable',
  '08': 'unavailable',
  // Disk full, out of memory, too many connections.
  '53': 'transient',
  '53100': 'unavailable',
  // Serialization failure, deadlock.
  '40': 'transient',
  // Bad value, violated constraint, row twice in one command, value too large for its row or index.
  '22': 'invalid',
  '23': 'invalid',
  '21': 'invalid',
  '54': 'invalid',
};

const BY_ERRNO: Readonly<Record<string, FailureClass>> = {
  ECONNREFUSED: 'unavailable',
  ECONNRESET: 'unavailable',
  ECONNABORTED: 'unavailable',
  ETIMEDOUT: 'unavailable',
  EPIPE: 'unavailable',
  ENOTFOUND: 'unavailable',
  EAI_AGAIN: 'unavailable',
  EHOSTUNREACH: 'unavailable',
  ENETUNREACH: 'unavailable',
  ENOENT: 'unavailable',
};

/** The class of a `code`, SQLSTATE or errno; undefined when the table has none. */
function classOfCode(code: string): FailureClass | undefined {
  if (/^[0-9A-Z]{5}$/.test(code)) {
    const found = BY_SQLSTATE[code] ?? BY_SQLSTATE[code.slice(0, 2)];
    if (found !== undefined) return found;
  }
  return BY_ERRNO[code];
}

/**
 * Any error as an `EffectError`: unchanged when it is one, else classified by the first code found in it, its causes or its
 * parts (an AggregateError holds one error per address tried), else `unknown`.
 */
export function toEffectError(error: unknown): EffectError {
  const found = findCoded(error, 0);
  if (found instanceof EffectError) return found;
  const failureClass = found === undefined ? undefined : classOfCode(found.code);
  const message = found === undefined ? messageOf(error) : `${messageOf(found)} (${found.code})`;
  return new EffectError(failureClass ?? 'unknown', `PostgreSQL: ${message}`, { cause: error, code: 'DATABASE_ERROR' });
}

/** Causes deeper than this are not looked at: a chain that long is a loop. */
const MAX_DEPTH = 8;

function findCoded(error: unknown, depth: number): (Error & { code: string }) | EffectError | undefined {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return undefined;
  if (error instanceof EffectError) return error;
  if (hasCode(error) && classOfCode(error.code) !== undefined) return error;
  const parts: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  for (const part of [...parts, error.cause]) {
    const found = findCoded(part, depth + 1);
    if (found !== undefined) return found;
  }
  return hasCode(error) ? error : undefined;
}

const hasCode = (error: Error): error is Error & { code: string } => 'code' in error && typeof error.code === 'string';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
