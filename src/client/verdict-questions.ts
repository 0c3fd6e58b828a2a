/** Asks the service which of some lists have been answered. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { FoundVerdicts } from '../domain/intake/slice.js';
import type { Verdict } from '../domain/intake/list.js';

/** Ids of one question; the service takes as many. */
const ASK_AT_ONCE = 500;
/** Milliseconds a question may take; no worker is there when it does. */
const ANSWER_MS = 30_000;

export class VerdictQuestions {
  readonly #closing = new AbortController();
  readonly #toAsk = new Set<string>();
  #asking: Promise<boolean> | undefined;

  constructor(
    private readonly temporal: Client,
    private readonly taskQueue: string,
    private readonly onVerdict: (verdict: Verdict) => void,
  ) {}

  /**
   * Those who ask in one turn of the event loop ask together. Never rejects.
   * @returns whether the service has answered, whatever it had.
   */
  ask(eventId: string): Promise<boolean> {
    this.#toAsk.add(eventId);
    this.#asking ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#asking = undefined;
        resolve(
          this.#askAll().then(
            () => true,
            () => false,
          ),
        );
      });
    });
    return this.#asking;
  }

  /** Ends the questions that are open. */
  close(): void {
    this.#closing.abort();
  }

  async #askAll(): Promise<void> {
    const ids = [...this.#toAsk];
    this.#toAsk.clear();
    const questions: Promise<void>[] = [];
    for (let first = 0; first < ids.length; first += ASK_AT_ONCE) {
      questions.push(this.#find(ids.slice(first, first + ASK_AT_ONCE)));
    }
    await Promise.all(questions);
  }

  async #find(eventIds: readonly string[]): Promise<void> {
    for (let ids = eventIds; ids.length > 0;) {
      const found = await this.#question(ids);
      for (const verdict of found.verdicts) this.onVerdict(verdict);
      ids = found.left;
    }
  }

  #question(ids: readonly string[]): Promise<FoundVerdicts> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    return this.temporal.withAbortSignal(signal, () =>
      this.temporal.workflow.execute<(input: unknown) => Promise<FoundVerdicts>>('FindVerdictsWorkflow', {
        args: [{ event_ids: ids }],
        taskQueue: this.taskQueue,
        workflowId: `find-verdicts-${randomUUID()}`,
        workflowExecutionTimeout: ANSWER_MS,
        staticSummary: `${ids.length} ${ids.length === 1 ? 'result' : 'results'}`,
      }),
    );
  }
}
