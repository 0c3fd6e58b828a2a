/** This module classifies failures of PostgreSQL and of the way to it. */
import { EffectError, type FailureClass } from '../../domain/failures/failure.js';
import type { PostgresEndpoint } from '../../endpoints.js';
import { classify } from '../../domain/failures/failure-table.js';
import { refusalOf } from './refusal.js';

/**
 * Returns any error as an `EffectError`: unchanged when it is or holds one, else classified by the table, else
 * `unknown`.
 * @param loss why the connection was lost, if it was: an error that the table does not know is `unavailable` then.
 */
export function toEffectError(error: unknown, loss?: Error): EffectError {
  const found = classify(error);
  if (found?.error instanceof EffectError) return found.error;
  if (found === undefined && loss !== undefined) {
    return effectError('unavailable', `connection lost: ${loss.message}`, error);
  }
  return effectError(found?.failureClass ?? 'unknown', messageOf(found?.error ?? error), error);
}

const effectError = (failureClass: FailureClass, message: string, cause: unknown): EffectError =>
  new EffectError(failureClass, `PostgreSQL: ${message}`, { cause, store: 'postgres' });

/**
 * Returns the failure of connecting. Nothing was sent, so the class is `unavailable`, whatever the code. The one
 * exception are codes that the table calls `transient`, such as 53300 (too many connections).
 */
export function failedToConnect(endpoint: PostgresEndpoint, error: unknown): EffectError {
  const found = classify(error);
  if (found?.error instanceof EffectError || found?.failureClass === 'transient') return toEffectError(error);
  const message = refusalOf(endpoint, error) ?? `cannot connect: ${messageOf(found?.error ?? error)}`;
  return effectError('unavailable', message, error);
}

/** Returns the failure of a full pool: no connection came back in time. */
export const poolIsBusy = (max: number, error: unknown): EffectError =>
  effectError('transient', `all ${max} connections are busy`, error);

/** Returns whether `lock_timeout` ended the statement: another transaction has locked a row of it. */
export const isLockTimeout = ({ cause }: EffectError): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === '55P03';

/** insufficient_privilege. */
const NO_RIGHT = '42501';

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message || error.name;
  if ('code' in error && error.code === NO_RIGHT) {
    return `${message} (${NO_RIGHT}); "bridge setup --print-roles" prints the rights of each role`;
  }
  return 'code' in error && typeof error.code === 'string' ? `${message} (${error.code})` : message;
}
