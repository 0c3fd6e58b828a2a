/** This module has the exit codes of `bridge` and the errors that lead to them. */
import { RefusedError, RequestConflictError } from '../client/errors.js';
import { ConfigError } from '../config.js';
import { classify, isRefusedRight } from '../domain/failures/failure-table.js';
import { LimitError } from '../domain/values/limits.js';
import { RequestError } from '../domain/execution/request.js';
import { StackError } from '../stack/errors.js';

/**
 * The exit codes; `failed` stands for an intent, a check or a redrive that failed. `interrupted` is what shells report
 * of a process that Ctrl-C ended: 128 and the number of SIGINT.
 */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** A UsageError stands for bad usage or input; its message says which argument, field or line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An UnreachableError says that a service that is needed cannot be reached. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** An InterruptedError says that Ctrl-C has ended a command's wait, and what goes on without it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

const USAGE = [UsageError, ConfigError, LimitError, RefusedError, RequestError, RequestConflictError];

export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return EXIT.interrupted;
  if (USAGE.some((type) => error instanceof type)) return EXIT.usage;
  return isUnreachable(error) ? EXIT.unreachable : EXIT.failed;
}

/** Returns whether an error, or one it wraps, says that a server is not there, or that it refuses us. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof UnreachableError || error instanceof StackError) return true;
  if (error instanceof AggregateError) return error.errors.some(isUnreachable);
  if (classify(error)?.failureClass === 'unavailable' || isRefusedRight(error)) return true;
  return error instanceof Error && error.cause !== undefined && isUnreachable(error.cause);
}
