/**
 * What Temporal should do about a failed attempt. `maximumAttempts` counts every attempt alike, so that the policies
 * set it as a backstop only (100), and the budget of each class is kept here.
 */
import { heartbeat, type Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { EffectError, type FailureClass, storeAtFault } from '../../src/domain/failures/failure.js';
import { ERROR_CODES, type Store } from '../../src/domain/failures/store.js';
import { delayAfterRefusal, delayOf } from './backoff.js';
import type { OutageBudget } from './outage-budget.js';
import { failuresOf, spend, spentBefore } from './spent-attempts.js';

/** Attempts at a failure that nobody has classified (docs/seed.md). */
const UNKNOWN_ATTEMPTS = 3;
/** Attempts at a transient failure: with delays of 1 s to 30 s, about 3 minutes of them. */
const TRANSIENT_ATTEMPTS = 10;

/** Where an attempt stands among those of its activity. */
export interface Standing {
  /** Which attempt this is at the store that is asked, from 1: another store's failures are not counted. */
  readonly attempt: number;
  /** Whether Temporal makes no attempt after this one, if it fails with `error`. */
  isLast(error: unknown): boolean;
}

/** What to throw for a failed attempt; what it has spent goes into the heartbeat, for the next one. */
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

/** Where an attempt stands among those that the store has failed. */
export function standingOf(info: Pick<Info, 'heartbeatDetails'>, asked: Store, budget: OutageBudget): Standing {
  const spent = spentBefore(info);
  return {
    attempt: 1 + failuresOf(spent, asked),
    isLast: (error) => isFinal(toTemporalFailure(error, asked, spend(spent, error, asked).alike, budget)),
  };
}

/** Whether Temporal makes no attempt after one that failed so. */
export const isFinal = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.nonRetryable === true;

/**
 * @param asked is the store that was asked; one that the error names comes before it.
 * @param attempt which of those that failed alike (`spend`), from 1.
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
