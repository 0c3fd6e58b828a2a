/**
 * This module decides what Temporal should do about a failed attempt. `maximumAttempts` counts every attempt alike, so
 * the policies set it as a backstop only (100), and the budget of each class is kept here.
 */
import { heartbeat, type Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { EffectError, type FailureClass, storeAtFault } from '../../src/domain/failures/failure.js';
import { ERROR_CODES, type Store } from '../../src/domain/failures/store.js';
import { delayAfterRefusal, delayOf } from './backoff.js';
import type { OutageBudget } from './outage-budget.js';
import { failuresOf, spend, spentBefore } from './spent-attempts.js';

/** The most attempts that may fail with a failure that nobody has classified (docs/seed.md). */
const UNKNOWN_ATTEMPTS = 3;
/** The most attempts that may fail with a transient failure; their delays of 1 s to 30 s come to about 3 minutes. */
const TRANSIENT_ATTEMPTS = 10;

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
export function failAttempt(
  info: Pick<Info, 'heartbeatDetails'>,
  error: unknown,
  asked: Store,
  budget: OutageBudget,
): ApplicationFailure | CancelledFailure {
  const { spent, alike } = spend(spentBefore(info), error, asked);
  heartbeat(spent);
  return toTemporalFailure(error, asked, alike, budget);
}

/** Returns the standing of an attempt among the attempts that the store has failed. */
export function standingOf(info: Pick<Info, 'heartbeatDetails'>, asked: Store, budget: OutageBudget): Standing {
  const spent = spentBefore(info);
  return {
    attempt: 1 + failuresOf(spent, asked),
    isLast: (error) => isFinal(toTemporalFailure(error, asked, spend(spent, error, asked).alike, budget)),
  };
}

/** Returns whether Temporal makes no attempt after one that ended with `failure`. */
export const isFinal = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.nonRetryable === true;

/**
 * @param asked is the store that was asked; a store that the error names comes before it.
 * @param attempt is the attempt's number among those that failed alike (`spend`), from 1.
 */
export function toTemporalFailure(
  error: unknown,
  asked: Store,
  attempt: number,
  budget: OutageBudget,
): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const failureClass: FailureClass = error instanceof EffectError ? error.failureClass : 'unknown';
  const message = error instanceof Error ? error.message : String(error);
  const store = storeAtFault(error, asked);
  const refusedFor = error instanceof EffectError ? error.retryAfterMs : null;
  const delay = refusedFor === null ? delayOf(attempt) : delayAfterRefusal(refusedFor);
  const nonRetryable =
    refusedFor === null ? isSpent(failureClass, store, attempt, budget) : budget.refused(store, delay);
  return ApplicationFailure.create({
    message,
    type: failureClass,
    nonRetryable,
    details: [ERROR_CODES[store]],
    ...(nonRetryable ? {} : { nextRetryDelay: delay }),
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

function isSpent(failureClass: FailureClass, store: Store, attempt: number, budget: OutageBudget): boolean {
  switch (failureClass) {
    case 'invalid':
      return true;
    case 'transient':
      return attempt >= TRANSIENT_ATTEMPTS;
    case 'unavailable':
      return budget.exhausted(store);
    case 'unknown':
      return attempt >= UNKNOWN_ATTEMPTS;
  }
}
