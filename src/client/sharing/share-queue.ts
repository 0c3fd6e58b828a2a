/**
 * The share queue decides which lists of a client's callers run together. It is a group commit without a timer: a list
 * that finds a free slot is started at once, by itself. Lists that wait while all slots are taken go on together.
 */
import { cut } from '../../domain/values/cut.js';

/** A `Size` is what a list takes of each limit of an execution. */
export interface Size {
  readonly intents: number;
  readonly bytes: number;
  /** Bytes of the request id in the search attribute. */
  readonly idBytes: number;
  /** Intents whose result is a page of any size. */
  readonly pages: number;
}

export interface Queued {
  readonly size: Size;
  /** Resolves when nobody waits for the list any more: it has ended, or its caller only wanted it started. */
  readonly over: Promise<unknown>;
}

export interface ShareQueueOptions<L extends Queued> {
  /** Starts lists, of which there is at least one, and never rejects. It resolves when the server has them. */
  readonly start: (lists: readonly L[]) => Promise<void>;
  readonly limits: Size;
  /** The executions of this client that may run before lists wait. */
  readonly slots: number;
  /**
   * Milliseconds after which an execution keeps no slot, because one that waits for a store must not hold up other
   * lists. It is twice what the quickest of the latest executions took, within these bounds.
   */
  readonly slotMs: { readonly least: number; readonly most: number };
}

/** The number of latest executions that say how long one takes. One of them at least did not wait for a store. */
const LATEST = 8;

export class ShareQueue<L extends Queued> {
  #waiting: L[] = [];
  #running = 0;
  #flushing = false;
  /** Milliseconds that the latest executions took. */
  #latest: number[] = [];

  constructor(private readonly options: ShareQueueOptions<L>) {}

  add(list: L): void {
    this.#waiting.push(list);
    if (this.#flushing) return;
    this.#flushing = true;
    // Callers of the same turn of the event loop are looked at together.
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    for (let free = this.options.slots - this.#running; free > 0 && this.#waiting.length > 0; free -= 1) {
      // While there are slots for all, each list has an execution of its own. Else they are spread over the slots.
      const share = this.#waiting.slice(0, Math.ceil(this.#waiting.length / free));
      const [lists = share] = cut(share, ({ size }) => ({ ...size }), this.options.limits);
      this.#waiting = this.#waiting.slice(lists.length);
      this.#running += 1;
      void this.#run(lists);
    }
  }

  async #run(lists: readonly L[]): Promise<void> {
    const started = performance.now();
    await this.options.start(lists);
    const ended = Promise.all(lists.map(({ over }) => over)).then(() => {
      this.#latest = [...this.#latest, performance.now() - started].slice(-LATEST);
    });
    await within(this.#slotMs, ended);
    this.#running -= 1;
    this.#flush();
  }

  get #slotMs(): number {
    const { least, most } = this.options.slotMs;
    const usual = this.#latest.length === 0 ? 0 : Math.min(...this.#latest);
    return Math.min(most, Math.max(least, 2 * usual));
  }
}

/** Resolves with `work`, or when the time is over. */
function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    // Nothing waits for this timer alone: it must not keep a process from ending.
    const timer = setTimeout(resolve, milliseconds).unref();
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
