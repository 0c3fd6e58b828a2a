/** A question asks the service which of some lists have a verdict. `AwaitedVerdicts` decides when it is asked. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { FoundVerdicts } from '../domain/intake/slice.js';
import type { Verdict } from '../domain/intake/list.js';
import { QUESTION_MS } from '../domain/time-outs.js';

/** The most ids of one question; the service takes as many. */
const ASK_AT_ONCE = 500;

export class VerdictQuestions {
  readonly #open = new Set<AbortController>();
  #closed = false;

  constructor(
    private readonly temporal: Client,
    private readonly taskQueue: string,
  ) {}

  /**
   * Asks about lists, 500 in one question.
   * @param onVerdict gets each verdict that is found, also when another question fails.
   * @throws when a question has no answer in time, or `close` ended it; by then the others have had theirs.
   */
  async ask(eventIds: readonly string[], onVerdict: (verdict: Verdict) => void): Promise<void> {
    const questions: Promise<void>[] = [];
    for (let first = 0; first < eventIds.length; first += ASK_AT_ONCE) {
      questions.push(this.#find(eventIds.slice(first, first + ASK_AT_ONCE), onVerdict));
    }
    const failed = (await Promise.allSettled(questions)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Ends the questions that are open, and begins no other. */
  close(): void {
    this.#closed = true;
    for (const question of this.#open) question.abort();
  }

  async #find(eventIds: readonly string[], onVerdict: (verdict: Verdict) => void): Promise<void> {
    for (let ids = eventIds; ids.length > 0;) {
      if (this.#closed) throw new Error('the client was closed');
      const found = await this.#question(ids);
      for (const verdict of found.verdicts) onVerdict(verdict);
      ids = found.left;
    }
  }

  /**
   * Asks one question. It has a signal of its own, because Temporal's client adds a listener for each request and
   * removes none.
   */
  async #question(ids: readonly string[]): Promise<FoundVerdicts> {
    const question = new AbortController();
    const timer = setTimeout(() => {
      question.abort();
    }, QUESTION_MS);
    this.#open.add(question);
    try {
      // A deadline ends a call that hangs, because a call that was aborted may still be tried again.
      const within = <T>(call: () => Promise<T>) =>
        this.temporal.withDeadline(Date.now() + QUESTION_MS, () =>
          this.temporal.withAbortSignal(question.signal, call),
        );
      return await within(() =>
        this.temporal.workflow.execute<(input: unknown) => Promise<FoundVerdicts>>('FindVerdictsWorkflow', {
          args: [{ event_ids: ids }],
          taskQueue: this.taskQueue,
          workflowId: `find-verdicts-${randomUUID()}`,
          workflowExecutionTimeout: QUESTION_MS,
          staticSummary: `${ids.length} ${ids.length === 1 ? 'result' : 'results'}`,
        }),
      );
    } finally {
      clearTimeout(timer);
      this.#open.delete(question);
    }
  }
}
