/** This module runs an attempt of an activity: with heartbeats, and with its failure translated for Temporal. */
import { activityInfo, heartbeat, type Info } from '@temporalio/activity';
import type { Store } from '../../src/domain/failures/store.js';
import type { OutageBudget } from './outage-budget.js';
import { failAttempt } from './retries.js';
import { type SpentAttempts, spentBefore } from './spent-attempts.js';

/**
 * Runs `work` with heartbeats. @throws the failure of `work`, translated into what Temporal should do about it.
 * @param store is the store that `work` asks; an error that names another store is counted for that one.
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
 * Milliseconds between two heartbeats: a quarter of the time-out of 20 s, so that three in a row may be late. Batches
 * take milliseconds, so most attempts send none.
 */
export const HEARTBEAT_MS = 5_000;

/**
 * Runs `work`, and sends heartbeats meanwhile. A worker that died is then noticed after `heartbeatTimeout`
 * (`workflows/policies.ts`), not only after the 90 s of start-to-close.
 * @param spent is sent with each heartbeat: a heartbeat replaces the details before it, which count the failed
 * attempts.
 */
export async function heartbeating<T>(spent: SpentAttempts, work: () => Promise<T>): Promise<T> {
  const beating = setInterval(() => heartbeat(spent), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beating);
  }
}
