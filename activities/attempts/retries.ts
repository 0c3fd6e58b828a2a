/**
 * What Temporal should do about a failed attempt. `maximumAttempts` counts every attempt alike, so that the policies set it as a
 * backstop only (100), and the budget of each class is kept here.
 */
import { heartbeat, type Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { EffectError, type FailureClass } from '../../src/domain/failures/failure.js';
import type { EffectBatch } from '../effects/effect.js';
import { failuresOf, spend, spentBefore } from './spent-attempts.js';

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
    const { since, last } = this.#outage(store) ?? { since: now, last: now };
    this.#outages.set(store, { since, last: Math.max(last, now) });
    return now - since > this.budgetMs;
  }

  /**
   * Notes a call that was refused without asking the store; true when the outage has lasted longer than the budget. It begins
   * no outage, since it has not seen one, and ends none: while a breaker is open the store fails in nobody, for longer than
   * it takes to be forgotten.
   * @param delayMs milliseconds until the call comes back.
   */
  refused(store: string, delayMs: number): boolean {
    const now = this.now();
    const outage = this.#outage(store);
    if (outage === undefined) return false;
    this.#outages.set(store, { since: outage.since, last: Math.max(outage.last, now + delayMs) });
    return now - outage.since > this.budgetMs;
  }

  /** The outage that goes on; undefined when there is none or it is forgotten. */
  #outage(store: string) {
    const outage = this.#outages.get(store);
    return outage !== undefined && this.now() - outage.last <= FORGET_MS ? outage : undefined;
  }
}

/** What to throw for a failed attempt; what it has spent goes into the heartbeat, for the next one. */
export function failAttempt(
  info: Pick<Info, 'heartbeatDetails'>,
  error: unknown,
  errorCode: string,
  budget: OutageBudget,
): ApplicationFailure | CancelledFailure {
  const { spent, alike } = spend(spentBefore(info), error, errorCode);
  heartbeat(spent);
  return toTemporalFailure(error, errorCode, alike, budget);
}

/** Where an attempt stands among those that the store of `errorCode` has failed. */
export function standingOf(
  info: Pick<Info, 'heartbeatDetails'>,
  errorCode: string,
  budget: OutageBudget,
): Pick<EffectBatch<unknown>, 'attempt' | 'isLast'> {
  const spent = spentBefore(info);
  return {
    attempt: 1 + failuresOf(spent, errorCode),
    isLast: (error) => isFinal(toTemporalFailure(error, errorCode, spend(spent, error, errorCode).alike, budget)),
  };
}

/** Whether Temporal makes no attempt after one that failed so. */
export const isFinal = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.nonRetryable === true;

/**
 * @param errorCode of the intent type; an error that names its store comes before it.
 * @param attempt which of those that failed alike (`spend`), from 1.
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
  const refusedFor = error instanceof EffectError ? error.retryAfterMs : null;
  const delay = refusedFor === null ? delayOf(attempt) : delayAfterRefusal(refusedFor);
  const nonRetryable = refusedFor === null ? isSpent(failureClass, code, attempt, budget) : budget.refused(code, delay);
  return ApplicationFailure.create({
    message,
    type: failureClass,
    nonRetryable,
    details: [code],
    ...(nonRetryable ? {} : { nextRetryDelay: delay }),
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

/**
 * Never before the breaker lets a call through, and spread over a quarter of the wait (at least 1 s): what was refused
 * meanwhile would come back as one herd.
 */
const delayAfterRefusal = (retryAfterMs: number): number =>
  Math.round(retryAfterMs + Math.max(FIRST_DELAY_MS, retryAfterMs / 4) * Math.random());
