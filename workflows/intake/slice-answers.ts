/**
 * This module answers the lists of a slice. Each list is answered once, as soon as all of it is recorded, beside the
 * lists that still run.
 */
import { CancellationScope } from '@temporalio/workflow';
import { ANNOUNCEMENTS_PER_BATCH, type BatchOutput } from '../../src/domain/execution/batch.js';
import { compactResult } from '../../src/domain/execution/compact-form.js';
import { outcomeOf } from '../../src/domain/execution/report.js';
import type { AnswerInput, PlannedList, SlicePlan, VerdictDraft } from '../../src/domain/intake/slice.js';
import { cut } from '../../src/domain/values/cut.js';
import type { IntentResult, Outcome } from '../../src/domain/intents/result.js';
import type { PlanExecutor } from '../execution/plan-executor.js';
import { answerLists } from './slice-activities.js';

/**
 * The most characters of the verdicts in one call. With two bytes for some of them, and with the announcements, they
 * stay under the 2 MB of a payload.
 */
const ANSWER_CHARACTERS = 900_000;

/** Calls the activity that answers lists, and returns which of the announcements it could not publish. */
export type SendAnswers = (call: AnswerInput, summary: string) => Promise<Pick<BatchOutput, 'not_announced'>>;

export class SliceAnswers {
  /** Whether the slice is cancelled: lists with skipped intents are then answered as cancelled. */
  cancelled = false;
  readonly #running: Promise<void>[] = [];
  readonly #answered = new Set<number>();

  /** @param send calls the activity that answers lists. */
  constructor(
    private readonly slice: string,
    private readonly plan: SlicePlan,
    private readonly executor: PlanExecutor,
    private readonly send: SendAnswers = (call, summary) => answerLists.executeWithOptions({ summary }, [call]),
  ) {}

  /** Begins to answer the lists that have come to their end since the last call. */
  answerComplete(): void {
    const complete = [...this.plan.lists.keys()].filter(
      (number) => !this.#answered.has(number) && this.executor.results.isComplete(number),
    );
    if (complete.length === 0) return;
    for (const number of complete) this.#answered.add(number);
    // A cancelled slice answers too: its effects have happened.
    const one = CancellationScope.nonCancellable(() => this.#answer(complete));
    // `stored` looks at a failure, when all is done.
    one.catch(() => undefined);
    this.#running.push(one);
  }

  /** Resolves when every answer that was begun is stored. @throws the activity's failure. */
  async stored(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #answer(numbers: readonly number[]): Promise<void> {
    const { executor, plan } = this;
    executor.releaseWithheld(numbers);
    await executor.announceRest(numbers, ANNOUNCEMENTS_PER_BATCH);
    const complete =
      this.#answered.size === plan.lists.length && !plan.lists.some(({ skipped }) => skipped === 'parked');
    const parts = this.#partsOf(numbers);
    for (const [index, part] of parts.entries()) await this.#answerPart(part, complete && index === parts.length - 1);
  }

  /**
   * Cuts lists into parts whose verdicts fit one call. Most verdicts take a few bytes; those of lists that read states
   * bring the states along, 10 KB and more.
   */
  #partsOf(numbers: readonly number[]): number[][] {
    const sizeOf = (number: number) => ({ characters: JSON.stringify(this.#verdictOf(number)).length });
    return [...cut(numbers, sizeOf, { characters: ANSWER_CHARACTERS })];
  }

  async #answerPart(numbers: readonly number[], last: boolean): Promise<void> {
    const { executor, plan, slice } = this;
    const repeats = numbers.flatMap((number) => {
      const list = plan.lists[number];
      return list?.skipped === 'answered' ? [list.event_id] : [];
    });
    const conflicts = numbers.flatMap((number) => {
      const { skipped, invalid = '' } = plan.lists[number] ?? {};
      return skipped === 'conflicts' ? [{ number, error: invalid }] : [];
    });
    const send = (announce: NonNullable<AnswerInput['announce']>) => {
      const verdicts = numbers.flatMap((number) => this.#verdictOf(number) ?? []);
      const results = verdicts.length + repeats.length + conflicts.length;
      if (results === 0) return Promise.resolve({});
      const call: AnswerInput = {
        slice,
        last,
        verdicts,
        repeats,
        ...(conflicts.length > 0 ? { conflicts } : {}),
        ...(announce.length > 0 ? { announce } : {}),
        ...executor.activities.outages,
        ...(plan.locks === 'probe' ? { parked: true } : {}),
      };
      return this.send(call, `${results} results`);
    };
    try {
      await executor.announceWith(numbers, send);
    } catch (error) {
      // Whatever cannot be announced must not keep a list from its verdict.
      if (executor.unannounced === 0) throw error;
      await send([]);
    }
  }

  #verdictOf(number: number): VerdictDraft | null {
    const list = this.plan.lists[number];
    if (list === undefined || list.skipped !== undefined) return null;
    const { results, announced } = this.executor.results.knownOf(number);
    return {
      number,
      outcome: this.#outcomeFor(number, list, this.executor.results.of(number)),
      results: results.map(compactResult),
      ...(announced.length === 0 ? {} : { announced }),
      ...(list.refused === undefined ? {} : { error: list.refused }),
      ...(list.rerun === true ? { rerun: true } : {}),
    };
  }

  #outcomeFor(number: number, { refused }: PlannedList, results: readonly IntentResult[]): Outcome {
    if (refused !== undefined || this.executor.results.failedFast(number) !== undefined) return 'failed';
    const cancelled = this.cancelled || this.executor.cancelled.has(number);
    return cancelled && results.some(({ status }) => status === 'skipped') ? 'cancelled' : outcomeOf(results);
  }
}
