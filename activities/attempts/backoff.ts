/** This module computes the delays between attempts. */

import { LONGEST_DELAY_MS } from '../../src/domain/time-outs.js';

const FIRST_DELAY_MS = 1_000;

/** Returns an exponential delay with ±20 % of jitter, so that lists that failed together do not come back together. */
export function delayOf(attempt: number): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS);
  return Math.round(delay * (0.8 + 0.4 * Math.random()));
}

/**
 * Returns a delay that ends after the breaker lets a call through again. It is spread over a quarter of the wait (at
 * least 1 s), because the refused calls would come back as one herd.
 */
export const delayAfterRefusal = (retryAfterMs: number): number =>
  Math.round(retryAfterMs + Math.max(FIRST_DELAY_MS, retryAfterMs / 4) * Math.random());
