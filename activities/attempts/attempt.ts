/** An attempt of an activity. */
import { activityInfo, heartbeat, type Info } from '@temporalio/activity';
import type { Store } from '../../src/domain/failures/store.js';
import type { OutageBudget } from './outage-budget.js';
import { failAttempt } from './retries.js';
import { type SpentAttempts, spentBefore } from './spent-attempts.js';

/**
 * Runs `work` with heartbeats. @throws what Temporal should do about its failure.
 * @param store is the one that is asked; an error that names another is counted for that one.
 */
export async function attempt<T>(store: Store, budget: OutageBudget, work: (info: Info) => Promise<T>): Promise<T> {
  const info = activityInfo();
  try {
    return await heartbeating(spentBefore(info), () => work(info));
  } catch (error) {
    throw failAttempt(info, error, store, budget);
  }
}

/**
 * A quarter of the time-out of 20 s: three in a row may be late. Batches take milliseconds, so most attempts send none.
 */
export const HEARTBEAT_MS = 5_000;

/**
 * An attempt sends heartbeats while it works. A worker that died is so noticed after `heartbeatTimeout`
 * (`workflows/policies.ts`), not only after the 90 s of start-to-close.
 * @param spent is sent each time: a heartbeat replaces the details before it, and failed attempts are counted in them.
 */
export async function heartbeating<T>(spent: SpentAttempts, work: () => Promise<T>): Promise<T> {
  const beating = setInterval(() => heartbeat(spent), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beating);
  }
}
