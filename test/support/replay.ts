/**
 * This module checks determinism by replays. An execution has to do the same again when its workflow code is run again
 * on its history.
 */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { globalHandlers } from '@temporalio/worker/lib/workflow/vm-shared.js';
import { createLogger } from '../../src/log.js';
import { workflowBundle } from '../../src/temporal/bundle.js';
import { installRuntime } from '../../src/worker/runtime.js';

type Histories = Parameters<typeof Worker.runReplayHistories>[1];
type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

interface Recorded {
  readonly workflowId: string;
  readonly history: History;
}

/**
 * Replays histories with today's code. @returns how many it replayed. @throws the first failure, with the workflow's
 * id.
 * @param dataConverter reads what is encrypted in them.
 */
export async function replay(histories: Histories, dataConverter: DataConverter = {}): Promise<number> {
  // The log is silent, because the SDK logs every state of the replaying worker.
  await installRuntime(createLogger('silent'));
  const codePath = await workflowBundle(createLogger('silent'), dataConverter.failureConverterPath);
  const options = { workflowBundle: { codePath }, dataConverter };
  let replayed = 0;
  try {
    for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
      if (error !== undefined) throw new Error(`${workflowId}: ${error.message}`, { cause: error });
      replayed += 1;
    }
  } finally {
    // A replay runs workflows in this thread, and leaves hooks on every promise of the process. They would cost the
    // next tests three times the CPU.
    globalHandlers.uninstall();
  }
  return replayed;
}

export const readHistories = (
  client: Client,
  executions: readonly { readonly workflowId: string; readonly runId?: string }[],
): Promise<Recorded[]> =>
  Promise.all(
    executions.map(async ({ workflowId, runId }) => ({
      workflowId,
      history: await client.workflow.getHandle(workflowId, runId).fetchHistory(),
    })),
  );

/**
 * Replays the executions that have run, whether they have ended or not.
 * @returns how many. @throws as `replay`, and AssertionError when a workflow task of one failed.
 */
export async function replayRun(executions: readonly Recorded[], dataConverter?: DataConverter): Promise<number> {
  assert.deepEqual(executions.flatMap(taskFailuresOf), []);
  const histories = executions.filter(hasRun).map(({ workflowId, history }) => ({ workflowId, history }));
  if (histories.length === 0) return 0;
  const replayed = await replay(histories, dataConverter);
  assert.equal(replayed, histories.length, 'every execution is replayed');
  return replayed;
}

/** Returns the workflow tasks that failed. Their execution runs on for ever. */
export const taskFailuresOf = ({ workflowId, history }: Recorded): string[] =>
  (history.events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) => {
    // The history shows a reset as a task that failed, with the run that follows.
    const message = failed?.newRunId ? undefined : failed?.failure?.message;
    return message ? [`${workflowId}: a workflow task failed: ${message}`] : [];
  });

/** Returns whether the workflow code has answered a workflow task. Before that there is nothing to compare with. */
const hasRun = ({ history }: Recorded): boolean =>
  (history.events ?? []).some(({ workflowTaskCompletedEventAttributes: completed }) => completed != null);
