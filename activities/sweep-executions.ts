/** The activities behind `SweepExecutionsWorkflow`: which executions to sweep, what they have to announce, and that it is done. */
import { log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { describeIssue, type DefinitionsByType } from '../src/intents/parse.js';
import { makePlan } from '../src/intents/plan.js';
import { executionId } from '../src/intents/ports.js';
import { parseRequest, RequestError } from '../src/intents/request.js';
import { serializable } from '../src/intents/serializable.js';
import type { EndedPage, SweepActivities, Unannounced, UnannouncedInput } from '../src/intents/sweep.js';
import { unannouncedOf } from '../src/intents/unannounced.js';
import { attempt } from './attempt.js';
import type { Ports } from './effect.js';
import type { OutageBudget } from './failures.js';

const endedInput = z.object({
  grace_seconds: z.number().min(0).max(86_400),
  after: z.string().nullable(),
  limit: z.int().min(1).max(1_000),
});

export function sweepActivities(ports: Ports, budget: OutageBudget, definitions: DefinitionsByType): SweepActivities {
  const { endedExecutions, sweptExecutions } = ports;

  return {
    findEndedExecutions: (given) => {
      const input = endedInput.safeParse(given);
      // Any client may start the workflow, with any input.
      if (!input.success) throw ApplicationFailure.nonRetryable(describeIssue(input.error, given), 'InvalidInput');
      const { grace_seconds, limit } = input.data;
      const closedBefore = new Date(Date.now() - grace_seconds * 1_000).toISOString();
      return attempt('DATABASE_ERROR', budget, async (): Promise<EndedPage> => {
        for (let after = input.data.after; ;) {
          const { executions, next } = await endedExecutions.list(closedBefore, after, limit);
          const unswept = await sweptExecutions.unswept(executions.map(executionId));
          const due = executions.filter((execution) => unswept.has(executionId(execution)));
          // A page of executions that are all swept is no page: most are, and the workflow's history is not for them.
          if (due.length > 0 || next === null) return { executions: due, next };
          after = next;
        }
      });
    },
    findUnannounced: (input) => attempt('DATABASE_ERROR', budget, () => findUnannounced(ports, definitions, input)),
    markSwept: (marks) => {
      for (const { execution, reason } of marks) {
        if (reason !== null) log.warn('an execution cannot be swept', { execution_id: executionId(execution), reason });
      }
      return attempt('DATABASE_ERROR', budget, () =>
        sweptExecutions.mark(marks.map(({ execution, reason }) => ({ execution_id: executionId(execution), reason }))),
      );
    },
  };
}

async function findUnannounced(
  { endedExecutions, ledger }: Ports,
  definitions: DefinitionsByType,
  { execution, from, limit }: UnannouncedInput,
): Promise<Unannounced> {
  const input = await endedExecutions.input(execution);
  if (input === null) return { reason: 'its history is gone' };
  try {
    const plan = makePlan(parseRequest(serializable(input.value)), execution.workflow_id, definitions);
    const records = await ledger.find([...new Set(plan.intents.map(({ id }) => id))]);
    const events = unannouncedOf(plan, records, executionId(execution), definitions);
    return {
      correlation_id: plan.correlation_id,
      page_bytes: plan.page_bytes,
      announce: events.slice(from, from + limit),
      next: from + limit < events.length ? from + limit : null,
    };
  } catch (error) {
    if (error instanceof RequestError) return { reason: error.message };
    throw error;
  }
}
