/** The activity behind `RedriveDeadLettersWorkflow`: one page of letters. */
import { z } from 'zod';
import { ApplicationFailure } from '@temporalio/common';
import { describeIssue } from '../src/intents/parse.js';
import type { RedriveActivity } from '../src/intents/redrive.js';
import { attempt } from './attempt.js';
import type { Ports } from './effect.js';
import type { OutageBudget } from './failures.js';

const pageInput = z.object({
  topic: z.string().optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  ids: z.array(z.int().min(1)).max(10_000).optional(),
  automatic: z.boolean().default(false),
  after: z.int().min(0),
  limit: z.int().min(1).max(1_000),
});

export function redriveDeadLetters(ports: Ports, budget: OutageBudget): RedriveActivity {
  const { store, maxRedrives, topicSuffix } = ports.deadLetters;
  return async (given) => {
    const input = pageInput.safeParse(given);
    // Any client may start the workflow, with any input.
    if (!input.success)
      throw ApplicationFailure.nonRetryable(describeIssue(input.error, given, 'input'), 'InvalidInput');
    const { after, limit, automatic, topic, since, ids } = input.data;
    const filter = {
      ...(topic === undefined ? {} : { topic }),
      ...(since === undefined ? {} : { since }),
      ...(ids === undefined ? {} : { ids }),
      ...(automatic ? { maxRedrives } : {}),
    };
    return attempt('DATABASE_ERROR', budget, () =>
      store.redrive(filter, after, limit, { publisher: ports.publisher, topicSuffix }),
    );
  };
}
