/** This module starts shared executions on the real servers, and reads what is stored of their lists. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Report } from '../../../src/domain/execution/report.js';
import type { SharedList, SharedReport } from '../../../src/domain/sharing/shared-list.js';
import type { Environment } from '../../support/environment.js';

type Shared = WorkflowHandle<(input: unknown) => Promise<SharedReport>>;

/** Starts a shared execution as a caller in another language does. */
export const startLists = ({ temporal, config }: Environment, ...lists: unknown[]): Promise<Shared> =>
  temporal.workflow.start<(input: unknown) => Promise<SharedReport>>('ExecuteListsWorkflow', {
    args: [{ lists }],
    taskQueue: config.TEMPORAL_TASK_QUEUE,
    workflowId: `shared-${randomUUID()}`,
  });

export async function runLists(environment: Environment, ...lists: unknown[]): Promise<readonly SharedList[]> {
  const shared = await startLists(environment, ...lists);
  return (await shared.result()).lists;
}

/** Returns a list with a request id of its own. */
export const named = (intents: readonly unknown[], request_id = `list-${randomUUID()}`) => ({
  intents: [...intents],
  request_id,
});

/** @throws Error for a list that has no report. */
export function reportOf(list: SharedList | undefined): Report {
  if (list?.report === undefined) throw new Error(`no report: ${JSON.stringify(list)}`);
  return list.report;
}

export const statusesOf = (list: SharedList | undefined): string[] =>
  reportOf(list).results.map(({ status }) => status);
