/**
 * What Temporal should do about a failed attempt (design 4). `maximumAttempts` would count every attempt alike, so the
 * policies set none and the budget of each class is kept here.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { EffectError, type FailureClass } from '../src/intents/failure.js';

/** Attempts at a failure nobody has classified: the seed's number. */
const UNKNOWN_ATTEMPTS = 3;
/** Attempts at a transient failure: with delays of 1 s to 30 s, about 3 minutes of them. */
const TRANSIENT_ATTEMPTS = 10;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;

/** Tells how long a store has been failing, for all activities of a process: an outage is the store's, not a list's. */
export class OutageBudget {
  readonly #since = new Map<string, number>();

  /** @param budgetMs how long an outage is waited out, in milliseconds; default 15 minutes. */
  constructor(
    readonly budgetMs = 15 * 60_000,
    private readonly now: () => number = Date.now,
  ) {}

  succeeded(store: string): void {
    this.#since.delete(store);
  }

  /** Notes a failure of the store; true when its outage has lasted longer than the budget. */
  exhausted(store: string): boolean {
    const since = this.#since.get(store) ?? this.now();
    this.#since.set(store, since);
    return this.now() - since > this.budgetMs;
  }
}

/** @param attempt of this activity, from 1. */
export function toTemporalFailure(error: unknown, store: string, attempt: number, budget: OutageBudget): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const failureClass: FailureClass = error instanceof EffectError ? error.failureClass : 'unknown';
  const message = error instanceof Error ? error.message : String(error);
  const nonRetryable = isSpent(failureClass, store, attempt, budget);
  return ApplicationFailure.create({
    message,
    type: failureClass,
    nonRetryable,
    ...(nonRetryable ? {} : { nextRetryDelay: delayOf(attempt) }),
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

function isSpent(failureClass: FailureClass, store: string, attempt: number, budget: OutageBudget): boolean {
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

/** Exponential with ±20 % of jitter, so that the lists that failed together do not come back together. */
function delayOf(attempt: number): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS);
  return Math.round(delay * (0.8 + 0.4 * Math.random()));
}
