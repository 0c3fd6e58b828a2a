/**
 * This module decides what Temporal should do about a failed attempt. `maximumAttempts` counts every attempt alike, so
 * the policies set it as a backstop only (100), and the budget of each class is kept here.
 */
import { heartbeat } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { EffectError, type FailureClass, storeAtFault } from '../../src/domain/failures/failure.js';
import { ERROR_CODES, type Store } from '../../src/domain/failures/store.js';
import { delayAfterRefusal, delayOf } from './backoff.js';
import type { OutageBudget } from './outage-budget.js';
import { failingFrom, failingSince, failuresOf, spend, type SpentAttempts } from './spent-attempts.js';

/** The most attempts that may fail with a failure that nobody has classified (docs/seed.md). */
const UNKNOWN_ATTEMPTS = 3;

/** A running attempt knows the failures of the attempts before it. */
export interface RunningAttempt {
  /** The store that is asked. An error that names another store is counted for that one. */
  readonly asked: Store;
  readonly spent: SpentAttempts;
  /** The time at which the attempt began, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly budget: OutageBudget;
}

/** The standing of an attempt says which one of its activity's attempts it is, and whether it is the last. */
export interface Standing {
  /** Number of this attempt at the store that is asked, from 1; another store's failures are not counted. */
  readonly attempt: number;
  /** Returns whether Temporal makes no attempt after this one if it fails with `error`. */
  isLast(error: unknown): boolean;
}

/**
 * Returns the failure to throw for a failed attempt. The attempts spent so far go into the heartbeat, for the next
 * attempt.
 */
export function failAttempt(running: RunningAttempt, error: unknown): ApplicationFailure | CancelledFailure {
  const at = storeAtFault(error, running.asked);
  heartbeat(spend(failingFrom(running.spent, at, running.startedAt), error, at).spent);
  return toTemporalFailure(running, error);
}

/** Returns the standing of an attempt among the attempts that the store has failed. */
export const standingOf = (running: RunningAttempt): Standing => ({
  attempt: 1 + failuresOf(running.spent, running.asked),
  isLast: (error) => isFinal(toTemporalFailure(running, error)),
});

/** Returns whether Temporal makes no attempt after one that ended with `failure`. */
export const isFinal = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.nonRetryable === true;

/**
 * Returns the failure of a running attempt as Temporal takes it. Its details are the store's error code, and the time
 * since which the store fails.
 */
export function toTemporalFailure(running: RunningAttempt, error: unknown): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const failureClass: FailureClass = error instanceof EffectError ? error.failureClass : 'unknown';
  const message = error instanceof Error ? error.message : String(error);
  const store = storeAtFault(error, running.asked);
  const { alike } = spend(running.spent, error, store);
  const since = failingSince(running.spent, store) ?? running.startedAt;
  const refusedFor = error instanceof EffectError ? error.retryAfterMs : null;
  const delay = refusedFor === null ? delayOf(alike) : delayAfterRefusal(refusedFor);
  const nonRetryable =
    failureClass === 'invalid' ||
    (failureClass === 'unknown' ? alike >= UNKNOWN_ATTEMPTS : running.budget.isSpent(since, running.startedAt, delay));
  return ApplicationFailure.create({
    message,
    type: failureClass,
    nonRetryable,
    details: [ERROR_CODES[store], since],
    ...(nonRetryable ? {} : { nextRetryDelay: delay }),
    ...(error instanceof Error ? { cause: error } : {}),
  });
}
