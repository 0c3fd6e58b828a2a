/** This module makes an attempt of an activity. */
import { activityInfo, heartbeat, type Info } from '@temporalio/activity';
import type { FailingSince } from '../../src/domain/execution/batch.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import type { Store } from '../../src/domain/failures/store.js';
import type { OutageBudget } from './outage-budget.js';
import { failAttempt, type RunningAttempt, type Standing, standingOf } from './retries.js';
import { allFailures, failingFrom, failingSince, type SpentAttempts, spentBefore, spentIn } from './spent-attempts.js';

/**
 * Runs `work` with heartbeats. @throws what Temporal should do about its failure.
 * @param store is the one that is asked; an error that names another is counted for that one.
 * @param known outages that earlier activities of the execution have met: they have one budget.
 */
export async function attempt<T>(
  store: Store,
  budget: OutageBudget,
  work: (info: Info, standing: Standing) => Promise<T>,
  known: FailingSince = {},
): Promise<T> {
  const info = activityInfo();
  const spent = { ...spentIn(known), ...spentBefore(info) };
  const running: RunningAttempt = { asked: store, spent, startedAt: budget.now(), budget };
  try {
    assertTimeLeft(running, info);
    return await heartbeating(failingFrom(spent, store, running.startedAt), () => work(info, standingOf(running)));
  } catch (error) {
    throw failAttempt(running, error);
  }
}

/** Half of the time of a silent attempt: 90 s until its time-out, and the 30 s that Temporal waits after it at most. */
const HALF_SILENCE_MS = 60_000;

/**
 * Ends attempts that time out. Such an attempt cannot say that it was the last, so the one after it has to.
 * @throws EffectError when attempts have ended without a word and the budget of the outage is spent.
 */
function assertTimeLeft({ asked, spent, startedAt, budget }: RunningAttempt, { attempt: number }: Info): void {
  const since = failingSince(spent, asked);
  const silent = number - 1 - allFailures(spent);
  if (since === undefined || silent <= 0 || startedAt - since <= budget.budgetMs - HALF_SILENCE_MS) return;
  const minutes = Math.round((startedAt - since) / 60_000);
  throw new EffectError('unavailable', `no answer for ${minutes} minutes: ${silent} attempts have timed out`, {
    store: asked,
  });
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
