/** The results of an execution's intents, as they are recorded. A slice's successes stay where they were executed. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { PlannedIntent } from '../../src/domain/execution/plan.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { indexesOf, type ListScope, type Work } from '../../src/domain/execution/work.js';

export class RecordedResults {
  /** By input index. */
  readonly all: (IntentResult | undefined)[];
  /** Intents whose results are where they were executed, and by index whether they are announced. */
  readonly #elsewhere = new Map<number, boolean>();

  constructor(private readonly work: Work) {
    this.all = work.intents.map(() => undefined);
  }

  has(index: number): boolean {
    return this.all[index] !== undefined;
  }

  succeeded(index: number): boolean {
    return this.all[index]?.success === true;
  }

  /** @param result or, of a success whose result stays where it was executed, the milliseconds it took. */
  record(index: number, result: IntentResult | number, timestamp: string): void {
    if (typeof result !== 'number') {
      this.all[index] = result;
      return;
    }
    this.#elsewhere.set(index, false);
    const { id, type } = plannedAt(this.work, index);
    this.all[index] = {
      intent_id: id,
      intent_type: type,
      status: 'succeeded',
      success: true,
      error: null,
      execution_time_ms: result,
      timestamp,
    };
  }

  /** Its event is on its topic. */
  announced(index: number): void {
    if (this.#elsewhere.has(index)) this.#elsewhere.set(index, true);
    const result = this.all[index];
    if (result?.['event_published'] === false) this.all[index] = { ...result, event_published: true };
  }

  /** Whether every intent of a list has its result. */
  isComplete(list: number): boolean {
    return indexesOf(scopeOf(this.work, list)).every((index) => this.has(index));
  }

  /** A list's first failure, in input order, of a priority that stops its rest. */
  failedFast(list: number): IntentResult | undefined {
    const scope = scopeOf(this.work, list);
    const index = indexesOf(scope).find((at) => {
      const status = this.all[at]?.status;
      return (
        (status === 'failed' || status === 'unknown') &&
        plannedAt(this.work, at).priority >= scope.options.failFastPriority
      );
    });
    return index === undefined ? undefined : this.all[index];
  }

  /** The results of a complete list, in input order. */
  of(list: number): readonly IntentResult[] {
    const { first, count } = scopeOf(this.work, list);
    return this.all.slice(first, first + count) as IntentResult[];
  }

  /** The same without those that are where they were executed: of these the milliseconds they took. */
  knownOf(list: number): {
    readonly results: readonly (IntentResult | number)[];
    /** Those among them that are announced. */
    readonly announced: readonly number[];
  } {
    const { first } = scopeOf(this.work, list);
    const results = this.of(list);
    return {
      results: results.map((result, index) => (this.#elsewhere.has(first + index) ? result.execution_time_ms : result)),
      announced: results.flatMap((_, index) => (this.#elsewhere.get(first + index) === true ? [index] : [])),
    };
  }
}

/** @throws ApplicationFailure `PlanError` */
export function scopeOf({ lists }: Work, list: number): ListScope {
  const scope = lists[list];
  if (scope === undefined) throw ApplicationFailure.nonRetryable(`the plan has no list ${list}`, 'PlanError');
  return scope;
}

/** @throws ApplicationFailure `PlanError` */
export function plannedAt({ intents }: Work, index: number): PlannedIntent {
  const intent = intents[index];
  if (intent === undefined) throw ApplicationFailure.nonRetryable(`the plan has no intent ${index}`, 'PlanError');
  return intent;
}
