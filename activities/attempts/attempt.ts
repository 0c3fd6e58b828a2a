/** An attempt of an activity. */
import { activityInfo, type Info } from '@temporalio/activity';
import { failAttempt, type OutageBudget } from './retries.js';
import { heartbeating } from './heartbeats.js';
import { spentBefore } from './spent-attempts.js';

/**
 * Runs `work` with heartbeats. @throws what Temporal should do about its failure.
 * @param errorCode of the store, for errors that name none.
 */
export async function attempt<T>(
  errorCode: string,
  budget: OutageBudget,
  work: (info: Info) => Promise<T>,
): Promise<T> {
  const info = activityInfo();
  try {
    return await heartbeating(spentBefore(info), () => work(info));
  } catch (error) {
    throw failAttempt(info, error, errorCode, budget);
  }
}
