/** This module knows which lists of an execution their callers have cancelled, beside lists that run on. */
import { listOf, type Work } from '../../src/domain/execution/work.js';

export class CancelledLists {
  readonly #lists = new Set<number>();

  constructor(private readonly work: Pick<Work, 'lists'>) {}

  add(list: number): void {
    this.#lists.add(list);
  }

  has(list: number): boolean {
    return this.#lists.has(list);
  }

  /** Returns whether an intent is of a cancelled list. */
  hasIntent(index: number): boolean {
    return this.#lists.size > 0 && this.has(listOf(this.work, index));
  }
}
