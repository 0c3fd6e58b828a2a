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

/** Without a failure for this long an outage is over, also when nobody has noticed: twice the longest delay between attempts. */
const FORGET_MS = 2 * LONGEST_DELAY_MS;

/** Tells how long a store has been failing, for all activities of a process: an outage is the store's, not a list's. */
export class OutageBudget {
  readonly #outages = new Map<string, { readonly since: number; readonly last: number }>();

  /** @param budgetMs how long an outage is waited out, in milliseconds; default 15 minutes. */
  constructor(
    readonly budgetMs = 15 * 60_000,
    private readonly now: () => number = Date.now,
  ) {}

  succeeded(store: string): void {
    this.#outages.delete(store);
  }

  /** Notes a failure of the store; true when its outage has lasted longer than the budget. */
  exhausted(store: string): boolean {
    const now = this.now();
    const outage = this.#outages.get(store);
    const since = outage === undefined || now - outage.last > FORGET_MS ? now : outage.since;
    this.#outages.set(store, { since, last: now });
    return now - since > this.budgetMs;
  }
}

/**
 * @param errorCode of the intent type; an error that names its store comes before it.
 * @param attempt of this activity, from 1.
 */
export function toTemporalFailure(
  error: unknown,
  errorCode: string,
  attempt: number,
  budget: OutageBudget,
): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const failureClass: FailureClass = error instanceof EffectError ? error.failureClass : 'unknown';
  const message = error instanceof Error ? error.message : String(error);
  const code = (error instanceof EffectError ? error.code : null) ?? errorCode;
  const nonRetryable = isSpent(failureClass, code, attempt, budget);
  return ApplicationFailure.create({
    message,
    type: failureClass,
    nonRetryable,
    details: [code],
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
