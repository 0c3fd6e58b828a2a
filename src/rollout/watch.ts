/** The watch stores the observations of lists, looks at the window of all routers, and rolls back. */
import type { Observation } from '../domain/rollout/observation.js';
import type { Route, RoutedObservation, RolloutStore } from '../domain/rollout/port.js';
import { reasonToRollBack, type Triggers } from '../domain/rollout/triggers.js';

/** The most observations kept while PostgreSQL is unavailable. */
const BACKLOG = 10_000;

interface WatchOptions {
  readonly triggers: Triggers;
  /** The name of who rolls back, for the record. */
  readonly by: string;
  /** Milliseconds between two looks at the window. */
  readonly lookEveryMs: number;
  /** The listener, which may throw or reject. */
  readonly onEvent: ((message: string, error?: unknown) => unknown) | undefined;
}

export class Watch {
  #observed: RoutedObservation[] = [];
  /** Lists on the new path that have not ended. */
  readonly #inFlight = new Set<{ readonly revision: number; readonly started: number }>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly store: RolloutStore,
    private readonly options: WatchOptions,
  ) {}

  /**
   * Begins the watch of a list.
   * @returns a function to call at the list's end. It takes a function from milliseconds to an observation, or to null
   * when the list says nothing about its path.
   */
  begin({ path, revision }: Route): (observe: (durationMs: number) => Observation | null) => void {
    const list = { revision, started: performance.now() };
    if (path === 'new') {
      this.#inFlight.add(list);
      this.#wake();
    }
    return (observe) => {
      this.#inFlight.delete(list);
      const observation = observe(performance.now() - list.started);
      if (observation === null) return;
      this.#observed.push({ ...observation, revision });
      this.#wake();
    };
  }

  /** Stores what has been observed. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    if (this.#observed.length > 0) await this.#look();
  }

  /** Plans the next look, one at a time, as long as there is something to see: also when no list ends any more. */
  #wake(): void {
    if (this.#closed || (this.#observed.length === 0 && this.#inFlight.size === 0)) return;
    this.#timer ??= setTimeout(() => {
      this.#looking = this.#look().then(() => {
        this.#timer = undefined;
        this.#wake();
      });
    }, this.options.lookEveryMs).unref();
  }

  async #look(): Promise<void> {
    const observed = this.#observed.slice(-BACKLOG);
    this.#observed = [];
    try {
      if (observed.length > 0) await this.store.record(observed);
    } catch (error) {
      // Observations are kept for the next look, because an outage of PostgreSQL is one of the things to report.
      this.#observed = [...observed, ...this.#observed];
      this.#tell('rollout: observations are kept until PostgreSQL takes them', error);
      return;
    }
    try {
      await this.#judge();
    } catch (error) {
      this.#tell('rollout: the window could not be looked at', error);
    }
  }

  async #judge(): Promise<void> {
    const { percent, baselineMs, revision } = await this.store.state();
    const { windowMs, minimum } = this.options.triggers;
    const legacy = await this.store.window('legacy', windowMs);
    const measured = legacy.lists >= minimum ? legacy.p95Ms : null;
    if (measured !== null && measured !== baselineMs) await this.store.keepBaseline(measured);
    if (percent === 0) return;
    const baseline = measured ?? baselineMs;
    const window = await this.store.window('new', windowMs, this.#overdue(revision, baseline));
    const reason = reasonToRollBack(window, baseline, this.options.triggers);
    // When several routers come to a rollback at once, one of them rolls back.
    if (reason === null || !(await this.store.rollBack(revision, reason, this.options.by))) return;
    this.#tell(`rollout: rolled back: ${reason}`);
  }

  /**
   * Returns the milliseconds of running lists that take too long already. Fewer than the minimum say nothing: no list
   * is so slow that it is a rate.
   */
  #overdue(revision: number, baselineMs: number | null): readonly number[] {
    if (baselineMs === null) return [];
    const { latencyFactor, minimum } = this.options.triggers;
    const now = performance.now();
    const overdue = [...this.#inFlight].flatMap((list) => {
      const elapsed = now - list.started;
      return list.revision === revision && elapsed > baselineMs * latencyFactor ? [elapsed] : [];
    });
    return overdue.length >= minimum ? overdue : [];
  }

  /** Calls the listener, which cannot stop the looks, not even by a promise that rejects. */
  #tell(message: string, error?: unknown): void {
    Promise.resolve()
      .then(() => this.options.onEvent?.(message, error))
      .catch(() => undefined);
  }
}
