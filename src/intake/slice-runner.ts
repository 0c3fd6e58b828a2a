/**
 * This module runs slices as executions of `ExecuteSliceWorkflow`, one at a time per partition. An open run is
 * recognised by the hash of its messages.
 */
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import { classify } from '../domain/failures/failure-table.js';
import type { InvalidList, SliceInput, SliceReport } from '../domain/intake/slice.js';
import type { SliceList } from '../domain/intake/list.js';
import type { SliceCache } from '../domain/intake/slice-cache.js';

export interface SliceRunner {
  /**
   * Starts a slice, or finds that it runs already.
   * @param hash of the messages the lists came in; it tells one slice of the partition from another.
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
  /** The slice was terminated, or failed for good. */
  | { readonly completed: false; readonly reason: string };

/** Milliseconds a start may take; the client itself would try again for as long as it is let. */
const START_MS = 10_000;
/** Milliseconds of one wait for an end; the caller asks again. */
const WAIT_MS = 60_000;

export interface SliceRunnerOptions {
  readonly taskQueue: string;
  /** The cache in which activities of this process look for the slice. */
  readonly slices?: SliceCache | undefined;
  /** Says whether the answer to a start brings the first task; only over the connection of a worker of this process. */
  readonly eager: () => boolean;
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
            requestEagerStart: eager(),
          }),
        );
        return handle.firstExecutionRunId;
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      // The open run is this slice when the answer to our start was lost, or the consumer before us could not commit.
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
 * The most bytes of a start, under the 2 MiB that the server takes. A start over 4 MiB would not even be refused for
 * good, as the server's gRPC takes no such message.
 */
const START_BYTES = 2_000_000;
const JSON_PLAIN = Buffer.from('json/plain');

/**
 * Makes the payload that the SDK would make too, letter by letter, which saves 2 % of the intake's main thread.
 * @throws RangeError for what no start may hold: 1e20 takes four bytes in a message, and 21 here.
 */
function payloadOf(input: SliceInput): RawValue {
  const data = Buffer.from(JSON.stringify(input));
  if (data.length > START_BYTES) {
    throw new RangeError(`expected at most ${START_BYTES} bytes of JSON, got ${data.length}`);
  }
  return RawValue.fromPayload({ metadata: { encoding: JSON_PLAIN }, data });
}

/** Returns whether a start would be refused for ever, because its input is at fault and not the server. */
export function isPermanent(error: unknown): boolean {
  const known = classify(error);
  if (known !== undefined) return known.failureClass === 'invalid';
  // These are errors of the serializer on this side, so there was no answer.
  return error instanceof Error && (error.name === 'ValueError' || error instanceof RangeError);
}
