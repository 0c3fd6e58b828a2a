/** This module reads the executions of task queues with their histories, and what their first and last events say. */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { quoted } from '../../src/temporal/visibility.js';
import { until } from '../../src/flow-control/until.js';
import type { Environment } from '../support/environment.js';
import { taskFailuresOf } from '../support/replay.js';

export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  /** Status of Temporal, e.g. `RUNNING`, `COMPLETED`, `TERMINATED`. */
  readonly status: string;
  readonly history: History;
  /** First argument of the execution. */
  readonly input: unknown;
  /** Result, or the details of the failure that the execution ended with; undefined where there is neither. */
  readonly output: unknown;
}

type History = Awaited<ReturnType<ReturnType<Environment['temporal']['workflow']['getHandle']>['fetchHistory']>>;
type Payloads = Parameters<typeof decodeFromPayloadsAtIndex>[2];

/** Returns the name that the ledger has for an execution. */
export const idOf = ({ workflowId, runId }: Pick<Execution, 'workflowId' | 'runId'>): string =>
  `${workflowId}/${runId}`;

/** Milliseconds that the list of executions may lag behind what they did. */
const LAG_MS = 10_000;

/**
 * @throws AssertionError that names executions which have effects in the ledger, and which the server does not list.
 */
export async function readExecutions({ temporal, taskQueues, pool }: Environment): Promise<Execution[]> {
  const query = taskQueues.map((queue) => `TaskQueue = ${quoted(queue)}`).join(' OR ');
  const { rows } = await pool.query<{ id: string }>(
    `SELECT DISTINCT execution_id AS id FROM executed_intents WHERE execution_id ~ '/[0-9a-f]{8}-[0-9a-f-]{27}$'`,
  );
  const listed = await until(LAG_MS, async () => {
    const found = [];
    for await (const one of temporal.workflow.list({ query })) found.push(one);
    const ids = new Set(found.map(idOf));
    const missing = rows.flatMap(({ id }) => (ids.has(id) ? [] : [id]));
    assert.deepEqual(missing, [], 'executions that the ledger has effects of are not listed');
    return found;
  });
  const executions: Execution[] = [];
  for (const { workflowId, runId, type, status } of listed) {
    const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    executions.push({ workflowId, runId, type, status: status.name, history, ...(await saidBy(temporal, history)) });
  }
  return executions;
}

/**
 * Returns the workflow tasks that failed. Workflow code that is not deterministic, or that throws, leaves them in a
 * history.
 */
export const checkTasks = (_environment: Environment, executions: readonly Execution[]): Promise<readonly string[]> =>
  Promise.resolve(executions.flatMap(taskFailuresOf));

async function saidBy(temporal: Client, { events }: History): Promise<Pick<Execution, 'input' | 'output'>> {
  const first = events?.[0]?.workflowExecutionStartedEventAttributes;
  const last = events?.at(-1);
  const completed = last?.workflowExecutionCompletedEventAttributes?.result?.payloads;
  const failed = last?.workflowExecutionFailedEventAttributes?.failure?.applicationFailureInfo?.details?.payloads;
  return {
    input: await decode(temporal, first?.input?.payloads),
    output: await decode(temporal, completed ?? failed),
  };
}

/**
 * Decodes the first payload. Tests send payloads on purpose that no converter of ours made, and those come to
 * undefined.
 */
async function decode({ options }: Client, payloads: Payloads): Promise<unknown> {
  try {
    return await decodeFromPayloadsAtIndex(options.loadedDataConverter, 0, payloads);
  } catch {
    return undefined;
  }
}

/** Counts the attempts of activities that Temporal repeated. A history holds the number of the last attempt only. */
export const repeatsOf = ({ history }: Pick<Execution, 'history'>): number =>
  (history.events ?? []).reduce(
    (sum, { activityTaskStartedEventAttributes: started }) => sum + Math.max((started?.attempt ?? 1) - 1, 0),
    0,
  );

/** The input of a list, or of each list of a slice. */
interface ListInput {
  /** Event id, which only a list of a slice has. */
  readonly event_id?: string;
  readonly request_id?: string;
  readonly intents?: readonly unknown[] | null;
  readonly options?: { readonly derivedEvents?: string } | null;
}

export function listsOf({ type, input }: Execution): ListInput[] {
  const given = input as { readonly intents?: unknown; readonly lists?: readonly ListInput[] } | null | undefined;
  if (type === 'ExecuteIntentsWorkflow') return Array.isArray(given?.intents) ? [given as ListInput] : [];
  return type === 'ExecuteSliceWorkflow' || type === 'ExecuteListsWorkflow' ? [...(given?.lists ?? [])] : [];
}
