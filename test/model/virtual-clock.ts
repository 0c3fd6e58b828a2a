/**
 * A virtual clock is time that passes only on demand: timers, `node:timers/promises` and `Date.now` of the whole
 * process.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';

const timersPromises = createRequire(import.meta.url)('node:timers/promises') as { setTimeout: unknown };
const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  now: Date.now,
  sleep: timersPromises.setTimeout,
};
const { setImmediate: immediately } = globalThis;

interface Timer {
  at: number;
  /** The timer's number: of two timers that are due at once the older one goes first. */
  readonly id: number;
  readonly run: () => void;
  readonly every: number | null;
}

export class VirtualClock {
  now = 0;
  #timers = new Map<number, Timer>();
  #next = 1;

  /** Makes all timers of the process timers of this clock. */
  install(): void {
    const set = (run: () => void, ms = 0, every: number | null = null) => this.#add(run, ms, every);
    const clear = (id: number) => this.#timers.delete(id);
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms?: number) => set(run, ms),
      setInterval: (run: () => void, ms = 1) => set(run, ms, ms),
      clearTimeout: clear,
      clearInterval: clear,
    });
    Date.now = () => this.now;
    timersPromises.setTimeout = (ms: number, value?: unknown, { signal }: { signal?: AbortSignal } = {}) =>
      this.sleep(ms, value, signal);
    // Named imports would stay bound to what the module exported before.
    syncBuiltinESMExports();
  }

  uninstall(): void {
    const { now, sleep, ...timers } = real;
    Object.assign(globalThis, timers);
    Date.now = now;
    timersPromises.setTimeout = sleep;
    syncBuiltinESMExports();
  }

  /** Forgets every timer, and sets the time. */
  reset(now: number): void {
    this.#timers.clear();
    this.now = now;
  }

  sleep<T>(ms: number, value?: T, signal?: AbortSignal): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const fail = () => {
        this.#timers.delete(id);
        reject(new Error('aborted'));
      };
      const id = this.#add(
        () => {
          signal?.removeEventListener('abort', fail);
          resolve(value);
        },
        ms,
        null,
      );
      if (signal?.aborted === true) fail();
      else signal?.addEventListener('abort', fail, { once: true });
    });
  }

  /**
   * Lets `ms` pass, timer by timer. The work that a timer sets off ends before the next timer.
   * @returns false as soon as `goesOn` says so.
   */
  async pass(ms: number, goesOn: () => boolean = () => true): Promise<boolean> {
    const until = this.now + ms;
    await settled();
    for (;;) {
      if (!goesOn()) return false;
      const due = this.#due(until);
      if (due === undefined) break;
      this.now = Math.max(this.now, due.at);
      if (due.every === null) this.#timers.delete(due.id);
      else due.at += Math.max(1, due.every);
      due.run();
      await settled();
    }
    this.now = until;
    return true;
  }

  #due(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }

  #add(run: () => void, ms: number, every: number | null): number {
    const id = this.#next;
    this.#next += 1;
    this.#timers.set(id, { at: this.now + Math.max(0, ms), id, run, every });
    return id;
  }
}

/** Ends when no promise has anything to do any more: they all go before the next turn of the event loop. */
const settled = (): Promise<void> => new Promise((resolve) => immediately(resolve));
