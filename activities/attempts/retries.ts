/**
 * This module decides what Temporal does about a failed attempt. `maximumAttempts` counts every attempt alike, so that
 * the policies set it as a backstop only (100), and the budget of each class is kept here.
 */
import { heartbeat } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { EffectError, type FailureClass, storeAtFault } from '../../src/domain/failures/failure.js';
import { ERROR_CODES, type Store } from '../../src/domain/failures/store.js';
import { delayAfterRefusal, delayOf } from './backoff.js';
import type { OutageBudget } from './outage-budget.js';
import { failingFrom, failingSince, failuresOf, spend, type SpentAttempts } from './spent-attempts.js';

/** Attempts at a failure that nobody has classified (docs/seed.md). */
const UNKNOWN_ATTEMPTS = 3;

/** A running attempt, with what those before it have left. */
export interface RunningAttempt {
  /** The store that is asked. An error that names another is counted for that one. */
  readonly asked: Store;
  readonly spent: SpentAttempts;
  /** When the attempt began, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly budget: OutageBudget;
}

/** The standing of an attempt says how many of its activity came before, and whether others follow. */
export interface Standing {
  /** Which attempt this is at the store that is asked, from 1: another store's failures are not counted. */
  readonly attempt: number;
  /** Whether Temporal makes no attempt after this one, if it fails with `error`. */
  isLast(error: unknown): boolean;
}

/** Returns the error to throw for a failed attempt. The spent attempts go into the heartbeat, for the next one. */
export function failAttempt(running: RunningAttempt, error: unknown): ApplicationFailure | CancelledFailure {
  const at = storeAtFault(error, running.asked);
  heartbeat(spend(failingFrom(running.spent, at, running.startedAt), error, at).spent);
  return toTemporalFailure(running, error);
}

/** Returns where an attempt stands among those that the store has failed. */
export const standingOf = (running: RunningAttempt): Standing => ({
  attempt: 1 + failuresOf(running.spent, running.asked),
  isLast: (error) => isFinal(toTemporalFailure(running, error)),
});

/** Returns whether Temporal makes no attempt after one that failed so. */
export const isFinal = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.nonRetryable === true;

/**
 * Returns the failure of a running attempt as Temporal takes it. Its details are the store's error code, and since when
 * the store fails.
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
