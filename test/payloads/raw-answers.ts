/** This module reads the answers of Temporal's server as the bytes that it sends. No converter has seen them. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { quoted } from '../../src/temporal/visibility.js';

const { v1 } = proto.temporal.api.workflowservice;

/** The part of gRPC's client that makes a call without knowing its messages. */
interface Caller {
  makeUnaryRequest(
    path: string,
    serialize: (bytes: Uint8Array) => Buffer,
    deserialize: (bytes: Buffer) => Buffer,
    request: Uint8Array,
    callback: (error: Error | null, answer?: Buffer) => void,
  ): void;
}

const ask = ({ connection }: Client, method: string, request: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const { client } = connection as unknown as { readonly client: Caller };
    const path = `/temporal.api.workflowservice.v1.WorkflowService/${method}`;
    client.makeUnaryRequest(
      path,
      (bytes) => Buffer.from(bytes),
      (bytes) => bytes,
      request,
      (error, answer) => {
        if (error === null && answer !== undefined) resolve(answer);
        else reject(error ?? new Error('no answer'));
      },
    );
  });

export interface RawAnswer {
  /** The method and the id that was asked about. */
  readonly of: string;
  readonly bytes: Buffer;
}

/** Returns all that the server says about an execution: its history from start to end, and its description. */
export async function rawExecution(
  client: Client,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<RawAnswer[]> {
  const { namespace } = client.options;
  const execution = { workflowId, runId };
  const answers: RawAnswer[] = [];
  let nextPageToken: Uint8Array = Buffer.alloc(0);
  do {
    const request = v1.GetWorkflowExecutionHistoryRequest.encode({ namespace, execution, nextPageToken }).finish();
    const bytes = await ask(client, 'GetWorkflowExecutionHistory', request);
    answers.push({ of: `history of ${workflowId}`, bytes });
    nextPageToken = v1.GetWorkflowExecutionHistoryResponse.decode(bytes).nextPageToken;
  } while (nextPageToken.length > 0);
  const request = v1.DescribeWorkflowExecutionRequest.encode({ namespace, execution }).finish();
  answers.push({ of: `description of ${workflowId}`, bytes: await ask(client, 'DescribeWorkflowExecution', request) });
  return answers;
}

/** Returns the answers to queries of an execution; the last is that of the details in the Web UI. */
export const rawQueries = (client: Client, workflowId: string, queryTypes: readonly string[]): Promise<RawAnswer[]> =>
  Promise.all(
    [...queryTypes, '__temporal_workflow_metadata'].map(async (queryType) => {
      const { namespace } = client.options;
      const query = { namespace, execution: { workflowId }, query: { queryType } };
      const bytes = await ask(client, 'QueryWorkflow', v1.QueryWorkflowRequest.encode(query).finish());
      return { of: `query ${queryType} of ${workflowId}`, bytes };
    }),
  );

/** Returns the answers about all executions of a task queue, and the list of them. */
export async function rawTaskQueue(client: Client, taskQueue: string): Promise<RawAnswer[]> {
  const { namespace } = client.options;
  const query = `TaskQueue = ${quoted(taskQueue)}`;
  const request = v1.ListWorkflowExecutionsRequest.encode({ namespace, query }).finish();
  const listed = await ask(client, 'ListWorkflowExecutions', request);
  const { executions } = v1.ListWorkflowExecutionsResponse.decode(listed);
  const each = await Promise.all(
    executions.map(({ execution }) =>
      rawExecution(client, { workflowId: execution?.workflowId ?? '', runId: execution?.runId ?? '' }),
    ),
  );
  return [{ of: 'list of executions', bytes: listed }, ...each.flat()];
}

export const rawSchedule = async (client: Client, scheduleId: string): Promise<RawAnswer> => {
  const { namespace } = client.options;
  const request = v1.DescribeScheduleRequest.encode({ namespace, scheduleId }).finish();
  return { of: `schedule ${scheduleId}`, bytes: await ask(client, 'DescribeSchedule', request) };
};

/** Returns the answers that hold a word. */
export const answersWith = (answers: readonly RawAnswer[], word: string): string[] =>
  answers.filter(({ bytes }) => bytes.includes(word)).map(({ of }) => of);
