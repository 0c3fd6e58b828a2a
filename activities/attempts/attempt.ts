/**
 * This module runs an attempt of an activity: with heartbeats, within its time, and with its failure translated for
 * Temporal.
 */
import { activityInfo, heartbeat, type Info } from '@temporalio/activity';
import pTimeout from 'p-timeout';
import type { FailingSince } from '../../src/domain/execution/batch.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import type { Store } from '../../src/domain/failures/store.js';
import { HEARTBEAT_MS, LONGEST_DELAY_MS, STORE_ATTEMPT_MS, workMs } from '../../src/domain/time-outs.js';
import type { OutageBudget } from './outage-budget.js';
import { failAttempt, type RunningAttempt, type Standing, standingOf } from './retries.js';
import { allFailures, failingFrom, failingSince, type SpentAttempts, spentBefore, spentIn } from './spent-attempts.js';

/**
 * Runs `work` with heartbeats. @throws the failure of `work`, translated into what Temporal should do about it.
 * @param store is the store that `work` asks; an error that names another store is counted for that one.
 * @param known outages that earlier activities of the execution have met. All activities of an execution have one
 * budget.
 * @param attemptMs start-to-close of the activity, in milliseconds.
 */
export async function attempt<T>(
  store: Store,
  budget: OutageBudget,
  work: (info: Info, standing: Standing) => Promise<T>,
  known: FailingSince = {},
  attemptMs = STORE_ATTEMPT_MS,
): Promise<T> {
  const info = activityInfo();
  const spent = { ...spentIn(known), ...spentBefore(info) };
  const running: RunningAttempt = { asked: store, spent, startedAt: budget.now(), budget };
  try {
    assertTimeLeft(running, info);
    return await heartbeating(failingFrom(spent, store, running.startedAt), () =>
      inTime(workMs(attemptMs), store, work(info, standingOf(running))),
    );
  } catch (error) {
    throw failAttempt(running, error);
  }
}

/**
 * Gives work up before Temporal gives up the attempt, so that the attempt still says why it failed. Its steps and the
 * queue of a group commit may add up to more time than it has. Work that was given up may still have its effect.
 * @throws EffectError
 */
const inTime = <T>(milliseconds: number, store: Store, work: Promise<T>): Promise<T> =>
  pTimeout(work, {
    milliseconds,
    fallback: () => {
      throw new EffectError('unavailable', `the attempt was not done within ${milliseconds} ms`, { store });
    },
  });

/** Half of the time of a silent attempt: until its time-out, and the longest pause that Temporal makes after it. */
const HALF_SILENCE_MS = (STORE_ATTEMPT_MS + LONGEST_DELAY_MS) / 2;

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
 * Runs `work`, and sends heartbeats meanwhile. A worker that died is then noticed after `heartbeatTimeout`
 * (`workflows/policies.ts`), not only after its start-to-close.
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
