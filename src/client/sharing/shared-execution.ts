/** This module waits for the lists of one shared execution, on behalf of all callers that share it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure, type Client, WorkflowFailedError } from '@temporalio/client';
import { REPORTS_QUERY, type SharedList, type SharedReport } from '../../domain/sharing/shared-list.js';
import { ExecutionError } from '../errors.js';
import { endingOf } from '../reports.js';
import { whileWorkersPoll } from '../while-workers-poll.js';

/**
 * Milliseconds between questions for the lists that have ended. Most executions end before the first one. A neighbour
 * that waits for a store then keeps no caller waiting.
 */
const QUESTION_MS = 1_000;
/** Milliseconds for an answer, for which a worker is needed. */
const ANSWER_MS = 5_000;

interface Waiter {
  readonly resolve: (list: SharedList) => void;
  readonly reject: (error: unknown) => void;
}

export class SharedExecution {
  readonly #waiting = new Map<string, Waiter[]>();
  #asking = false;

  constructor(
    private readonly client: Client,
    readonly workflowId: string,
    private readonly workerTimeoutMs: number,
  ) {}

  /**
   * Waits for what comes of a list.
   * @throws ExecutionError when the execution ended without a word of it; NoWorkerError.
   */
  list(requestId: string): Promise<SharedList> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(requestId) ?? [];
      this.#waiting.set(requestId, [...waiters, { resolve, reject }]);
      if (this.#asking) return;
      this.#asking = true;
      void this.#wait();
    });
  }

  async #wait(): Promise<void> {
    const over = new AbortController();
    void this.#askWhileOpen(over.signal);
    try {
      this.#resolve(await this.#ended());
      this.#rejectAll(new ExecutionError(this.workflowId, `${this.workflowId}: the execution does not know this list`));
    } catch (error) {
      this.#rejectAll(error);
    } finally {
      over.abort();
      this.#asking = false;
    }
  }

  async #ended(): Promise<readonly SharedList[]> {
    const { client, workflowId } = this;
    const handle = client.workflow.getHandle<() => Promise<SharedReport>>(workflowId);
    try {
      return (await whileWorkersPoll(client, workflowId, this.workerTimeoutMs, () => handle.result())).lists;
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      // Temporal keeps no details of a cancellation: the workflow itself is asked.
      if (!(error.cause instanceof CancelledFailure)) throw endingOf(workflowId, error);
      return this.#ask().catch((cause: unknown) => {
        const message = `${workflowId}: was cancelled, and no worker is there to ask for its reports`;
        throw new ExecutionError(workflowId, message, { cause });
      });
    }
  }

  async #askWhileOpen(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(QUESTION_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // A worker that is not there does not answer; the execution's end brings the reports then.
      if (this.#waiting.size > 0) this.#resolve(await this.#ask().catch(() => []));
    }
  }

  /** Asks for the lists that somebody waits for. */
  #ask(): Promise<readonly SharedList[]> {
    const handle = this.client.workflow.getHandle(this.workflowId);
    return this.client.withDeadline(Date.now() + ANSWER_MS, () =>
      handle.query<readonly SharedList[], [readonly string[]]>(REPORTS_QUERY, [...this.#waiting.keys()]),
    );
  }

  #resolve(lists: readonly SharedList[]): void {
    for (const list of lists) {
      const waiters = this.#waiting.get(list.request_id) ?? [];
      this.#waiting.delete(list.request_id);
      for (const { resolve } of waiters) resolve(list);
    }
  }

  #rejectAll(error: unknown): void {
    const waiters = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    for (const { reject } of waiters) reject(error);
  }
}
