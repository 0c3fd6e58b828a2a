/** This module gets the report of one list, wherever it is executed. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Verdict } from '../../domain/intake/list.js';
import { reportIn, type SharedList } from '../../domain/sharing/shared-list.js';
import { ExecutionError, RefusedError, RequestConflictError } from '../errors.js';
import { reportOf } from '../reports.js';
import type { IntentsReport } from '../types.js';
import type { VerdictQuestions } from '../verdict-questions.js';
import type { SharedExecution } from './shared-execution.js';

/** The parts of `Lists` that are needed here. */
interface Executions {
  readonly asked: {
    readonly client: Client;
    readonly workerTimeoutMs: number;
    readonly questions: VerdictQuestions;
  };
  /** Finds the shared execution of a list by its request id. */
  sharedWith(id: string): Promise<SharedExecution | null>;
  shared(workflowId: string): SharedExecution;
}

/** The most executions that a list is followed through: from a shared one to its own, or to an earlier one. */
const MOST_STEPS = 5;

/**
 * Waits for the report of a list.
 * @param known the shared execution that has it; null when nobody knows one.
 * @throws as `StoreEffectClient.result`.
 */
export async function reportOfList(
  executions: Executions,
  id: string,
  known: SharedExecution | null,
): Promise<IntentsReport> {
  let shared = known ?? (await ownOrShared(executions, id));
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (!('list' in shared)) return shared;
    const next: SharedList = await shared.list(id);
    const { workflowId } = shared;
    if (next.workflow_id === undefined) return reportFrom(executions, workflowId, next);
    if (next.workflow_id === id) return ownReport(executions, id);
    shared = executions.shared(next.workflow_id);
  }
  throw new ExecutionError(id, `${id}: no execution has the list`);
}

/** Returns the report of a list's own execution; without one, the shared execution that has the list. */
async function ownOrShared(executions: Executions, id: string): Promise<IntentsReport | SharedExecution> {
  try {
    return await ownReport(executions, id);
  } catch (error) {
    const shared = error instanceof WorkflowNotFoundError ? await executions.sharedWith(id) : null;
    if (shared === null) throw error;
    return shared;
  }
}

const ownReport = ({ asked: { client, workerTimeoutMs } }: Executions, id: string): Promise<IntentsReport> =>
  reportOf(client, id, workerTimeoutMs);

/** Returns the report that a shared execution has of a list. */
async function reportFrom(executions: Executions, workflowId: string, list: SharedList): Promise<IntentsReport> {
  const { request_id, event_id, report, refused, conflict } = list;
  if (conflict !== undefined) throw new RequestConflictError(request_id);
  if (refused !== undefined) throw new RefusedError(workflowId, refused);
  if (report !== undefined) return report as IntentsReport;
  const [verdict] = await storedVerdicts(executions, event_id);
  if (verdict === undefined) throw new ExecutionError(workflowId, `${request_id}: its report is not stored`);
  return reportIn(verdict) as IntentsReport;
}

/** Asks the service for a report that did not fit the result of its execution. */
async function storedVerdicts({ asked: { questions } }: Executions, eventId: string): Promise<Verdict[]> {
  const found: Verdict[] = [];
  await questions.ask([eventId], (verdict) => found.push(verdict));
  return found;
}
