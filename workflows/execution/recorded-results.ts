/**
 * This module records the results of an execution's intents. Kept results are in the worker that executed their
 * intents.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import { isKept, type KeptResult } from '../../src/domain/execution/compact-form.js';
import type { PlannedIntent } from '../../src/domain/execution/plan.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { indexesOf, type ListScope, type Work } from '../../src/domain/execution/work.js';

export class RecordedResults {
  /** Results by input index. */
  readonly all: (IntentResult | undefined)[];
  /** Whether the intent is announced, by the index of each intent with a kept result. */
  readonly #kept = new Map<number, boolean>();

  constructor(private readonly work: Work) {
    this.all = work.intents.map(() => undefined);
  }

  has(index: number): boolean {
    return this.all[index] !== undefined;
  }

  succeeded(index: number): boolean {
    return this.all[index]?.success === true;
  }

  record(index: number, result: IntentResult | KeptResult, timestamp: string): void {
    if (!isKept(result)) {
      this.all[index] = result;
      return;
    }
    this.#kept.set(index, false);
    this.all[index] = knownOf(plannedAt(this.work, index), result, timestamp);
  }

  /** Marks an intent as announced: its event is on its topic. */
  announced(index: number): void {
    if (this.#kept.has(index)) this.#kept.set(index, true);
    const result = this.all[index];
    if (result?.['event_published'] === false) this.all[index] = { ...result, event_published: true };
  }

  /** Returns whether every intent of a list has its result. */
  isComplete(list: number): boolean {
    return indexesOf(scopeOf(this.work, list)).every((index) => this.has(index));
  }

  /** Returns a list's first failure, in input order, of a priority that stops the rest of the list. */
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

  /** Returns the results of a complete list, in input order. */
  of(list: number): readonly IntentResult[] {
    const { first, count } = scopeOf(this.work, list);
    return this.all.slice(first, first + count) as IntentResult[];
  }

  /** Returns the results of a list that has ended, as far as they are known here. */
  knownOf(list: number): {
    readonly results: readonly (IntentResult | KeptResult)[];
    /** Indexes in `results` of the kept results whose intents are announced. */
    readonly announced: readonly number[];
  } {
    const { first } = scopeOf(this.work, list);
    const results = this.of(list);
    return {
      results: results.map((result, index) =>
        this.#kept.has(first + index) ? { keptMs: result.execution_time_ms } : result,
      ),
      announced: results.flatMap((_, index) => (this.#kept.get(first + index) === true ? [index] : [])),
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

/** Returns what the workflow knows of a success whose result a worker has kept. @param timestamp ISO 8601. */
export const knownOf = ({ id, type }: PlannedIntent, { keptMs }: KeptResult, timestamp: string): IntentResult => ({
  intent_id: id,
  intent_type: type,
  status: 'succeeded',
  success: true,
  error: null,
  execution_time_ms: keptMs,
  timestamp,
});
