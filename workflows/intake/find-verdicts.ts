/** `FindVerdictsWorkflow` finds the verdicts of lists that came through the intake, for callers without a database. */
import { proxyLocalActivities } from '@temporalio/workflow';
import type { FindVerdictsActivity, FoundVerdicts } from '../../src/domain/intake/slice.js';
import { VERDICTS_MS } from '../../src/domain/time-outs.js';
import { refusalOf } from '../activity-failures.js';

/**
 * The activity is local: it makes one statement, and the answer is in history at the cost of a marker. A caller waits
 * for the answer, so the activity does not wait long.
 */
const { findVerdicts } = proxyLocalActivities<{ findVerdicts: FindVerdictsActivity }>({
  startToCloseTimeout: VERDICTS_MS,
  retry: { maximumAttempts: 3 },
});

/**
 * @param given `{event_ids}`; taken as unknown, because any client may start this.
 * @throws ApplicationFailure `InvalidInput` naming the field.
 */
export async function FindVerdictsWorkflow(given: unknown): Promise<FoundVerdicts> {
  try {
    return await findVerdicts(given);
  } catch (error) {
    throw refusalOf(error);
  }
}
