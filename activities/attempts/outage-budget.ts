/**
 * The outage budget is the time for which the attempts of an activity wait for an unavailable store (ADR 0027). It
 * counts from the first attempt that the store failed, so it is the same however many workers make them.
 */
export class OutageBudget {
  /** @param budgetMs milliseconds; default 15 minutes. */
  constructor(
    readonly budgetMs = 15 * 60_000,
    /** The clock, in milliseconds since the epoch. */
    readonly now: () => number = Date.now,
  ) {}

  /**
   * Returns whether a failed attempt is the last one. The attempts end with the failure that is nearest to the end of
   * the budget. The next failure is expected after the delay, and as long as this attempt took.
   * @param since the time at which the first attempt began that the store failed, in milliseconds since the epoch.
   * @param startedAt the time at which this attempt began, likewise.
   * @param delayMs milliseconds until the next one.
   */
  isSpent(since: number, startedAt: number, delayMs: number): boolean {
    const now = this.now();
    const left = since + this.budgetMs - now;
    const over = delayMs + (now - startedAt) - left;
    return left < over;
  }
}
