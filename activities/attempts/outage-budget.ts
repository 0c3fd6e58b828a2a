/** The outage budget says how long a store may be unavailable before the intents that wait for it fail. */
import type { Store } from '../../src/domain/failures/store.js';
import { LONGEST_DELAY_MS } from './backoff.js';

/**
 * Milliseconds without a failure after which an outage is over, even if no call has succeeded: twice the longest delay
 * between attempts.
 */
const FORGET_MS = 2 * LONGEST_DELAY_MS;

/**
 * An outage budget knows how long a store has been failing. All activities of a process share it, because an outage is
 * the store's, not a list's.
 */
export class OutageBudget {
  readonly #outages = new Map<Store, { readonly since: number; readonly last: number }>();

  /** @param budgetMs milliseconds that an outage is waited out; default 15 minutes. */
  constructor(
    readonly budgetMs = 15 * 60_000,
    private readonly now: () => number = Date.now,
  ) {}

  succeeded(store: Store): void {
    this.#outages.delete(store);
  }

  /** Notes a failure of the store, and returns whether its outage has lasted longer than the budget. */
  exhausted(store: Store): boolean {
    const now = this.now();
    const { since, last } = this.#outage(store) ?? { since: now, last: now };
    this.#outages.set(store, { since, last: Math.max(last, now) });
    return now - since > this.budgetMs;
  }

  /**
   * Notes a call that was refused without asking the store, and returns whether the outage has lasted longer than the
   * budget. A refusal begins no outage, since the call has not seen one. It keeps the outage going: an open breaker
   * lets no call fail at the store, for longer than an outage takes to be forgotten.
   * @param delayMs milliseconds until the call comes back.
   */
  refused(store: Store, delayMs: number): boolean {
    const now = this.now();
    const outage = this.#outage(store);
    if (outage === undefined) return false;
    this.#outages.set(store, { since: outage.since, last: Math.max(outage.last, now + delayMs) });
    return now - outage.since > this.budgetMs;
  }

  /** Returns the outage that goes on; undefined when there is none, or when it is forgotten. */
  #outage(store: Store) {
    const outage = this.#outages.get(store);
    return outage !== undefined && this.now() - outage.last <= FORGET_MS ? outage : undefined;
  }
}
