/** The activity behind `PruneLedgerWorkflow`: one page of rows. */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { describeIssue } from '../src/intents/parse.js';
import type { PruneActivity } from '../src/intents/retention.js';
import type { Ports } from './effect.js';
import { failAttempt, type OutageBudget } from './failures.js';

const time = z.iso.datetime({ offset: true }).nullable();
const pageInput = z.object({ before: time, after: time });

export function pruneLedger({ retention }: Ports, budget: OutageBudget): PruneActivity {
  return async (given) => {
    const input = pageInput.safeParse(given);
    // Any client may start the workflow, with any input.
    if (!input.success) throw ApplicationFailure.nonRetryable(describeIssue(input.error, given), 'InvalidInput');
    try {
      return await retention.prune(input.data.before, input.data.after);
    } catch (error) {
      throw failAttempt(activityInfo(), error, 'DATABASE_ERROR', budget);
    }
  };
}
