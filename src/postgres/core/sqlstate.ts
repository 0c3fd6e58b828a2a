/** This module classifies failures of PostgreSQL and of the way to it. */
import { EffectError } from '../../domain/failures/failure.js';
import { classify } from '../../domain/failures/failure-table.js';

/**
 * Returns any error as an `EffectError`: unchanged when it is or holds one, else classified by the table, else
 * `unknown`.
 */
export function toEffectError(error: unknown): EffectError {
  const found = classify(error);
  if (found?.error instanceof EffectError) return found.error;
  return new EffectError(found?.failureClass ?? 'unknown', `PostgreSQL: ${messageOf(found?.error ?? error)}`, {
    cause: error,
    store: 'postgres',
  });
}

/** Returns whether `lock_timeout` ended the statement: another transaction has locked a row of it. */
export const isLockTimeout = ({ cause }: EffectError): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === '55P03';

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message || error.name;
  return 'code' in error && typeof error.code === 'string' ? `${message} (${error.code})` : message;
}
