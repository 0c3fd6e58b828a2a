/** The lists of an execution that wait for a key somebody holds, and those behind them: nothing more of them is run. */
import { listOf, type Work } from '../../src/domain/execution/work.js';
import { HeldKeys } from '../../src/domain/intake/held-keys.js';
import { scopeOf, type RecordedResults } from './recorded-results.js';

export class WaitingLists {
  readonly #waiting = new Set<number>();

  constructor(
    private readonly work: Work,
    private readonly results: RecordedResults,
  ) {}

  has(list: number): boolean {
    return this.#waiting.has(list);
  }

  /** Whether an intent is of a list that waits. */
  hasIntent(index: number): boolean {
    return this.#waiting.size > 0 && this.has(listOf(this.work, index));
  }

  /** Those that are not finished, in their order. */
  get unfinished(): readonly number[] {
    return [...this.#waiting].filter((list) => !this.results.isComplete(list)).sort((one, other) => one - other);
  }

  /**
   * A list waits from now on, and with it every list behind it that shares a key and is not finished: one that is has
   * had its turn at that key, as tiers and lanes keep the order of the lists.
   */
  add(first: number): void {
    const heldKeys = new HeldKeys(scopeOf(this.work, first).keys);
    this.#waiting.add(first);
    this.work.lists.forEach(({ keys = [] }, list) => {
      if (list > first && !this.results.isComplete(list) && heldKeys.stops(keys)) this.#waiting.add(list);
    });
  }
}
