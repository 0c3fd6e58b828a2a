/** Determinism: what an execution did has to come out the same when its workflow code is run again on its history. */
import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { globalHandlers } from '@temporalio/worker/lib/workflow/vm-shared.js';
import { createLogger } from '../../src/log.js';
import { workflowBundle } from '../../src/temporal/bundle.js';

type Histories = Parameters<typeof Worker.runReplayHistories>[1];
type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

/** Replays histories with today's code. @returns how many. @throws the first failure, with the workflow's id. */
export async function replay(histories: Histories): Promise<number> {
  const bundle = { codePath: await workflowBundle(createLogger('silent')) };
  let replayed = 0;
  try {
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: bundle }, histories)) {
      if (error !== undefined) throw new Error(`${workflowId}: ${error.message}`, { cause: error });
      replayed += 1;
    }
  } finally {
    // It runs workflows in this thread, and leaves hooks on every promise of the process: three times the CPU of what is tested next.
    globalHandlers.uninstall();
  }
  return replayed;
}

/** Histories of every execution on the task queues that has run, whether it has ended or not. */
export async function* historiesOf(client: Client, taskQueues: readonly string[]): Histories {
  for (const taskQueue of taskQueues) {
    for await (const { workflowId, runId } of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      if (hasRun(history)) yield { workflowId, history };
    }
  }
}

/** Whether its code has answered a workflow task: before that there is nothing to compare with. */
export const hasRun = ({ events }: History): boolean =>
  (events ?? []).some(({ workflowTaskCompletedEventAttributes: completed }) => completed != null);
