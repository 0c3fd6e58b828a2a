/** The outage budget says how long a store may be unavailable before the intents that wait for it fail. */
import type { Store } from '../../src/domain/failures/store.js';
import { LONGEST_DELAY_MS } from './backoff.js';

/**
 * Without a failure for this long an outage is over, also when nobody has noticed: twice the longest delay between
 * attempts.
 */
const FORGET_MS = 2 * LONGEST_DELAY_MS;

/** Tells how long a store has been failing, for all activities of a process: an outage is the store's, not a list's. */
export class OutageBudget {
  readonly #outages = new Map<Store, { readonly since: number; readonly last: number }>();

  /** @param budgetMs how long an outage is waited out, in milliseconds; default 15 minutes. */
  constructor(
    readonly budgetMs = 15 * 60_000,
    private readonly now: () => number = Date.now,
  ) {}

  succeeded(store: Store): void {
    this.#outages.delete(store);
  }

  /** Notes a failure of the store; true when its outage has lasted longer than the budget. */
  exhausted(store: Store): boolean {
    const now = this.now();
    const { since, last } = this.#outage(store) ?? { since: now, last: now };
    this.#outages.set(store, { since, last: Math.max(last, now) });
    return now - since > this.budgetMs;
  }

  /**
   * Notes a call that was refused without asking the store; true when the outage has lasted longer than the budget. It
   * begins no outage, since it has not seen one, and ends none: while a breaker is open the store fails in nobody, for
   * longer than it takes to be forgotten.
   * @param delayMs milliseconds until the call comes back.
   */
  refused(store: Store, delayMs: number): boolean {
    const now = this.now();
    const outage = this.#outage(store);
    if (outage === undefined) return false;
    this.#outages.set(store, { since: outage.since, last: Math.max(outage.last, now + delayMs) });
    return now - outage.since > this.budgetMs;
  }

  /** The outage that goes on; undefined when there is none or it is forgotten. */
  #outage(store: Store) {
    const outage = this.#outages.get(store);
    return outage !== undefined && this.now() - outage.last <= FORGET_MS ? outage : undefined;
  }
}
