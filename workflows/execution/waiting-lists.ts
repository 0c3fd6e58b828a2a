/**
 * This module knows which lists of an execution wait, so that nothing more of them is run. A list waits when a row of
 * it is locked, or when a waiting list before it shares a key.
 */
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

  /** Returns whether an intent is of a list that waits. */
  hasIntent(index: number): boolean {
    return this.#waiting.size > 0 && this.has(listOf(this.work, index));
  }

  /** Waiting lists that are not finished, in their order. */
  get unfinished(): readonly number[] {
    return [...this.#waiting].filter((list) => !this.results.isComplete(list)).sort((one, other) => one - other);
  }

  /**
   * Makes a list wait, and with it every unfinished list behind it that shares a key. A finished list has had its turn
   * at that key, because tiers and lanes keep the order of the lists.
   */
  add(first: number): void {
    const heldKeys = new HeldKeys(scopeOf(this.work, first).keys);
    this.#waiting.add(first);
    this.work.lists.forEach(({ keys = [] }, list) => {
      if (list > first && !this.results.isComplete(list) && heldKeys.stops(keys)) this.#waiting.add(list);
    });
  }
}
