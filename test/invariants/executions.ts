/** The executions of a task queue with their histories, and what their first and last events say. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { Environment } from '../support/environment.js';

export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  /** Of Temporal, e.g. `RUNNING`, `COMPLETED`, `TERMINATED`. */
  readonly status: string;
  readonly history: History;
  /** First argument. */
  readonly input: unknown;
  /** The result, or the details of the failure it ended with; undefined where there is neither. */
  readonly output: unknown;
}

type History = Awaited<ReturnType<ReturnType<Environment['temporal']['workflow']['getHandle']>['fetchHistory']>>;
type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];

/** As the ledger names it. */
export const idOf = ({ workflowId, runId }: Execution): string => `${workflowId}/${runId}`;

export async function readExecutions({ temporal, taskQueues }: Environment): Promise<Execution[]> {
  const executions: Execution[] = [];
  const query = taskQueues.map((queue) => `TaskQueue = '${queue}'`).join(' OR ');
  for await (const { workflowId, runId, type, status } of temporal.workflow.list({ query })) {
    const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    executions.push({ workflowId, runId, type, status: status.name, history, ...saidBy(history) });
  }
  return executions;
}

/** What workflow code that is not deterministic, or that throws, leaves in a history: the execution then runs on for ever. */
export function checkTasks(_environment: Environment, executions: readonly Execution[]): Promise<readonly string[]> {
  const problems = executions.flatMap(({ workflowId, history }) =>
    (history.events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) => {
      // A reset is told as a task that failed, with the run that follows.
      const message = failed?.newRunId ? undefined : failed?.failure?.message;
      return message ? [`${workflowId}: a workflow task failed: ${message}`] : [];
    }),
  );
  return Promise.resolve(problems);
}

function saidBy({ events }: History): Pick<Execution, 'input' | 'output'> {
  const first = events?.[0]?.workflowExecutionStartedEventAttributes;
  const last = events?.at(-1);
  const completed = last?.workflowExecutionCompletedEventAttributes?.result?.payloads;
  const failed = last?.workflowExecutionFailedEventAttributes?.failure?.applicationFailureInfo?.details?.payloads;
  return { input: decode(first?.input?.payloads), output: decode(completed ?? failed) };
}

/** Payloads that no converter of ours made, as tests send them on purpose, say nothing. */
function decode(payloads: Payload[] | null | undefined): unknown {
  const [payload] = payloads ?? [];
  if (payload == null) return undefined;
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}

/** A list, or each list of a slice. */
interface ListInput {
  /** Of a list of a slice. */
  readonly event_id?: string;
  readonly intents?: readonly unknown[] | null;
  readonly options?: { readonly derivedEvents?: string } | null;
}

export function listsOf({ type, input }: Execution): ListInput[] {
  const given = input as { readonly intents?: unknown; readonly lists?: readonly ListInput[] } | null | undefined;
  if (type === 'ExecuteIntentsWorkflow') return Array.isArray(given?.intents) ? [given as ListInput] : [];
  return type === 'ExecuteSliceWorkflow' ? [...(given?.lists ?? [])] : [];
}
