/** Determinism: what an execution did has to come out the same when its workflow code is run again on its history. */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { globalHandlers } from '@temporalio/worker/lib/workflow/vm-shared.js';
import { createLogger } from '../../src/log.js';
import { workflowBundle } from '../../src/temporal/bundle.js';
import { installRuntime } from '../../src/worker/runtime.js';

type Histories = Parameters<typeof Worker.runReplayHistories>[1];
interface ExecutionId {
  readonly workflowId: string;
  readonly runId?: string;
}

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

/** Replays histories with today's code. @returns how many. @throws the first failure, with the workflow's id. */
export async function replay(histories: Histories): Promise<number> {
  // Else the SDK logs every state of the replaying worker.
  await installRuntime(createLogger('silent'));
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

/**
 * Replays those executions that have run, whether they have ended or not.
 * @returns how many. @throws AssertionError when there is none, or a workflow task of one failed.
 */
export async function replayRun(client: Client, executions: readonly ExecutionId[]): Promise<number> {
  const histories = await Promise.all(
    executions.map(async ({ workflowId, runId }) => ({
      workflowId,
      history: await client.workflow.getHandle(workflowId, runId).fetchHistory(),
    })),
  );
  assert.deepEqual(histories.flatMap(taskFailuresOf), []);
  const replayed = await replay(histories.filter(({ history }) => hasRun(history)));
  assert.ok(replayed > 0, 'nothing was replayed');
  return replayed;
}

/** Workflow tasks that failed: the execution then runs on for ever. */
export const taskFailuresOf = ({ workflowId, history }: { readonly workflowId: string; readonly history: History }) =>
  (history.events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) => {
    // A reset is told as a task that failed, with the run that follows.
    const message = failed?.newRunId ? undefined : failed?.failure?.message;
    return message ? [`${workflowId}: a workflow task failed: ${message}`] : [];
  });

/** Whether its code has answered a workflow task: before that there is nothing to compare with. */
export const hasRun = ({ events }: History): boolean =>
  (events ?? []).some(({ workflowTaskCompletedEventAttributes: completed }) => completed != null);
