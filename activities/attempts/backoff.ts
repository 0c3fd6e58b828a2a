/** Delays between attempts. */

const FIRST_DELAY_MS = 1_000;
export const LONGEST_DELAY_MS = 30_000;

/** Exponential with ±20 % of jitter, so that the lists that failed together do not come back together. */
export function delayOf(attempt: number): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS);
  return Math.round(delay * (0.8 + 0.4 * Math.random()));
}

/**
 * Never before the breaker lets a call through, and spread over a quarter of the wait (at least 1 s): what was refused
 * meanwhile would come back as one herd.
 */
export const delayAfterRefusal = (retryAfterMs: number): number =>
  Math.round(retryAfterMs + Math.max(FIRST_DELAY_MS, retryAfterMs / 4) * Math.random());
