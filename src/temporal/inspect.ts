/** This module asks the Temporal server what commands and the client want to know of it. */
import {
  type Client,
  type Connection,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
  WorkflowNotFoundError,
} from '@temporalio/client';
import proto from '@temporalio/proto';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { WorkerLook } from './polls.js';
import { isFound, requestIds, searchAttributeKeys } from '../domain/execution/search-attributes.js';
import { EXECUTE_LISTS } from '../domain/sharing/shared-list.js';
import { GRPC, grpcCode } from './grpc.js';
import { lastPollFor, newestPoll } from './versioning/polls-for.js';
import { describeQueue } from './versioning/routing.js';
import { quoted } from './visibility.js';

/** `temporal.api.enums.v1.PendingWorkflowTaskState` of a task that no worker has taken. */
const SCHEDULED = 1;

/** Returns the names of the search attributes that `bridge setup` has yet to add. */
export async function missingSearchAttributes(
  { operatorService, workflowService }: Pick<Connection, 'operatorService' | 'workflowService'>,
  namespace: string,
): Promise<string[]> {
  const names = searchAttributeKeys.map(({ name }) => name);
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    return names.filter((name) => customAttributes[name] === undefined);
  } catch (error) {
    if (!isDenied(error)) throw error;
  }
  // Temporal Cloud lists no attributes. A query names one that is there, or is refused.
  const missing = await Promise.all(
    names.map(async (name) => {
      try {
        await workflowService.countWorkflowExecutions({ namespace, query: `${name} IS NULL` });
        return false;
      } catch (error) {
        if (grpcCode(error) === GRPC.INVALID_ARGUMENT) return true;
        throw error;
      }
    }),
  );
  return names.filter((_name, index) => missing[index]);
}

/** Returns whether the server leaves a request to an administrator, as Temporal Cloud does. */
export function isDenied(error: unknown): boolean {
  const code = grpcCode(error);
  return code === GRPC.PERMISSION_DENIED || code === GRPC.UNIMPLEMENTED;
}

/** Returns the seconds for which the server keeps the executions of a namespace after their end. */
export async function namespaceRetentionSeconds(
  { workflowService }: Pick<Connection, 'workflowService'>,
  namespace: string,
): Promise<number> {
  const { config } = await workflowService.describeNamespace({ namespace });
  return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
}

/** Returns when a worker last polled the workflow tasks of a task queue; null when the server knows of no poll. */
export async function lastPollOf(
  { workflowService }: Pick<Connection, 'workflowService'>,
  namespace: string,
  taskQueue: string,
): Promise<number | null> {
  return newestPoll((await describeQueue({ workflowService, options: { namespace } }, taskQueue)).pollers);
}

/** A `QueueBacklog` says how many tasks of a task queue no worker has taken yet, as the server estimates it. */
export interface QueueBacklog {
  readonly tasks: number;
  /** The age of the oldest of them in seconds. */
  readonly oldestSeconds: number;
}

/** Returns the backlog of a task queue, of workflow tasks and activities together. */
export async function queueBacklog(
  { workflowService }: Pick<Connection, 'workflowService'>,
  namespace: string,
  taskQueue: string,
): Promise<QueueBacklog> {
  const each = await Promise.all(
    TASK_QUEUE_TYPES.map((taskQueueType) =>
      workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType,
        reportStats: true,
      }),
    ),
  );
  return {
    tasks: each.reduce((sum, { stats }) => sum + Number(stats?.approximateBacklogCount ?? 0), 0),
    oldestSeconds: Math.max(...each.map(({ stats }) => tsToMs(stats?.approximateBacklogAge) / 1_000)),
  };
}

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
const TASK_QUEUE_TYPES = [TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY];

/** Returns the description of an execution; null when there is no such execution. */
export async function describedOrNull({ workflow }: Client, id: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await workflow.getHandle(id).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Looks whether an execution waits for a worker, and whether one polls that may take its task. */
export async function lookForWorker({ connection, workflow, options }: Client, id: string): Promise<WorkerLook> {
  const { raw, taskQueue } = await workflow.getHandle(id).describe();
  const queue = await describeQueue({ workflowService: connection.workflowService, options }, taskQueue);
  const { state, scheduledTime } = raw.pendingWorkflowTask ?? {};
  return {
    taskQueue,
    lastPoll: lastPollFor(queue, raw.workflowExecutionInfo?.versioningInfo),
    queuedAt: (state as number | undefined) === SCHEDULED ? tsToMs(scheduledTime) : null,
  };
}

/** Returns the workflow id of the latest shared execution that has a list; null when there is none. */
export async function findShared({ workflow }: Client, taskQueue: string, requestId: string): Promise<string | null> {
  if (!isFound(requestId)) return null;
  const query =
    `WorkflowType = '${EXECUTE_LISTS}' AND TaskQueue = ${quoted(taskQueue)} AND ` +
    `${requestIds.name} = ${quoted(requestId)}`;
  let latest: WorkflowExecutionInfo | undefined;
  try {
    for await (const execution of workflow.list({ query })) {
      if (latest === undefined || execution.startTime > latest.startTime) latest = execution;
    }
  } catch (error) {
    // A server that was not set up anew knows no such attribute, and has no such execution.
    if (!isRefusedStart(error)) throw error;
  }
  return latest?.workflowId ?? null;
}

/** Returns whether the server refuses to start an execution as it was asked to, and would the next time too. */
export const isRefusedStart = (error: unknown): boolean => grpcCode(error) === GRPC.INVALID_ARGUMENT;
