/** Slices as executions of `ExecuteSliceWorkflow`: one open run per partition, recognised by the hash of its input. */
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import { classify } from '../domain/failures/failure-table.js';
import type { InvalidList, SliceInput, SliceReport } from '../domain/intake/slice.js';
import type { SliceList } from '../domain/intake/list.js';
import type { SliceCache } from '../domain/intake/slice-cache.js';

export interface SliceRunner {
  /**
   * Starts a slice, or finds that it runs already.
   * @param hash of the messages the lists came in: what tells one slice of the partition from another.
   * @returns its run's id once Temporal has acknowledged it; null while the partition's slice before it is still open.
   * @throws what the client throws.
   */
  start(partition: string, lists: readonly SliceList[], hash: string): Promise<string | null>;
  /**
   * Waits for the end of the partition's open run, or of `runId`.
   * @throws when Temporal cannot be asked.
   */
  ended(partition: string, runId?: string): Promise<SliceEnd>;
}

export type SliceEnd =
  | { readonly completed: true; readonly invalid: readonly InvalidList[] }
  /** Terminated, or failed for good. */
  | { readonly completed: false; readonly reason: string };

/** Milliseconds a start may take: the client itself tries again for as long as it is let. */
const START_MS = 10_000;
/** Milliseconds of one wait for an end; the caller asks again. */
const WAIT_MS = 60_000;

export interface SliceRunnerOptions {
  readonly taskQueue: string;
  /** Where activities of this process look for the slice. */
  readonly slices?: SliceCache | undefined;
  /** Asks for the first task with the answer to the start; only over the connection of a worker of this process. */
  readonly eager: boolean;
}

export function createSliceRunner(client: Client, { taskQueue, slices, eager }: SliceRunnerOptions): SliceRunner {
  const within = <T>(ms: number, call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + ms, call);
  return {
    async start(partition, lists, hash) {
      const workflowId = `intake/${partition}`;
      slices?.put(hash, { lists });
      try {
        const handle = await within(START_MS, () =>
          client.workflow.start<(input: RawValue) => Promise<unknown>>('ExecuteSliceWorkflow', {
            args: [payloadOf({ lists })],
            taskQueue,
            workflowId,
            memo: { slice_sha256: hash },
            staticSummary: `${lists.length} lists`,
            requestEagerStart: eager,
          }),
        );
        return handle.firstExecutionRunId;
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      // The answer to our start was lost, or the consumer before us started it and could not commit.
      const { status, memo, runId } = await within(START_MS, () => client.workflow.getHandle(workflowId).describe());
      return status.name === 'RUNNING' && memo?.['slice_sha256'] === hash ? runId : null;
    },
    async ended(partition, runId) {
      try {
        const handle = client.workflow.getHandle<() => Promise<SliceReport>>(`intake/${partition}`, runId);
        const { invalid = [] } = await within(WAIT_MS, () => handle.result());
        return { completed: true, invalid };
      } catch (error) {
        if (!(error instanceof WorkflowFailedError)) throw error;
        return { completed: false, reason: `${error.message}: ${error.cause?.message ?? ''}` };
      }
    },
  };
}

/**
 * Under the 2 MiB that the server takes: more than 4 MiB would not even be refused for good, as its gRPC takes no such
 * message.
 */
const START_BYTES = 2_000_000;
const JSON_PLAIN = Buffer.from('json/plain');

/**
 * What the SDK makes of it too, letter by letter: 2 % of the intake's main thread.
 * @throws RangeError for what no start may hold: 1e20 takes four bytes in a message, and 21 here.
 */
function payloadOf(input: SliceInput): RawValue {
  const data = Buffer.from(JSON.stringify(input));
  if (data.length > START_BYTES) {
    throw new RangeError(`expected at most ${START_BYTES} bytes of JSON, got ${data.length}`);
  }
  return RawValue.fromPayload({ metadata: { encoding: JSON_PLAIN }, data });
}

/** Whether a start would be refused for ever: its input is at fault, not the server. */
export function isPermanent(error: unknown): boolean {
  const known = classify(error);
  if (known !== undefined) return known.failureClass === 'invalid';
  // Of the serializer, on this side: there was no answer.
  return error instanceof Error && (error.name === 'ValueError' || error instanceof RangeError);
}
