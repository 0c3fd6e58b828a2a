/** The activity behind `PruneLedgerWorkflow`: one page of rows. */
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { describeIssue } from '../src/intents/parse.js';
import type { PruneActivity } from '../src/intents/retention.js';
import type { Ports } from './effect.js';
import { attempt } from './attempt.js';
import type { OutageBudget } from './failures.js';

const time = z.iso.datetime({ offset: true }).nullable();
const pageInput = z.object({ before: time, after: time });

export function pruneLedger({ retention }: Ports, budget: OutageBudget): PruneActivity {
  return async (given) => {
    const input = pageInput.safeParse(given);
    // Any client may start the workflow, with any input.
    if (!input.success)
      throw ApplicationFailure.nonRetryable(describeIssue(input.error, given, 'input'), 'InvalidInput');
    const { before, after } = input.data;
    return attempt('DATABASE_ERROR', budget, () => retention.prune(before, after));
  };
}
