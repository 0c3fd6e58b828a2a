/**
 * Routes lists between the legacy path and this service while the service is rolled out (seed 10.1, ADR 0010), and rolls back
 * when the new path does badly.
 *
 * @example
 * const router = await RolloutRouter.connect({ databaseUrl, client, legacy: (intents) => legacyPersist(intents) });
 * await router.execute(intents, { correlationId });
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { LimitError } from '../intents/limits.js';
import { RequestError } from '../intents/request.js';
import type { ExecuteOptions, Intent, IntentsReport } from '../client/types.js';
import { RefusedError, RequestConflictError } from '../client/errors.js';
import { createRolloutStore } from '../postgres/rollout-store.js';
import { createPool, endPool, type Pool } from '../postgres/pool.js';
import { type Observation, observe, observeWhole, type Path } from './observation.js';
import { bucketOf, isOff, parseShare } from './share.js';
import type { RolloutStore } from './store.js';
import { DEFAULT_TRIGGERS, reasonToRollBack, type Triggers } from './triggers.js';

/** No path was taken, because it could not be said which: the list has not been executed. */
export class RoutingError extends Error {
  override readonly name = 'RoutingError';
}

export interface RouterOptions<T> {
  /** The rollout's tables are where this service's are. */
  readonly databaseUrl: string;
  /** The new path. */
  readonly client: { executeIntents(intents: readonly Intent[], options: ExecuteOptions): Promise<IntentsReport> };
  /** The old path. Throws when it fails. */
  readonly legacy: (intents: readonly Intent[], options: ExecuteOptions) => Promise<T>;
  /**
   * ENABLE_INTENT_PUBLISHER: `true`, `false` or 0 to 100. The share as long as none has been set for all routers; `false` also keeps
   * this router's new correlation ids on the old path, whatever is set. Default: what is set for all, 0 as long as nothing is.
   */
  readonly enabled?: string;
  readonly triggers?: Partial<Triggers>;
  /** Who this is, in the record of changes; default the host's name. */
  readonly name?: string;
  /** Told of what goes on beside the lists: a rollback, or observations that cannot be stored. */
  readonly onEvent?: (message: string, error?: unknown) => void;
  /** Milliseconds between two looks at the window; default 1,000. */
  readonly lookEveryMs?: number;
}

export type Routed<T> =
  { readonly path: 'new'; readonly report: IntentsReport } | { readonly path: 'legacy'; readonly value: T };

/** Observations kept while PostgreSQL is away. */
const BACKLOG = 10_000;

export class RolloutRouter<T> {
  readonly #store: RolloutStore;
  readonly #triggers: Triggers;
  readonly #by: string;
  readonly #mayBeNew: boolean;
  #observed: Observation[] = [];
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(
    private readonly pool: Pool,
    private readonly options: RouterOptions<T>,
    off: boolean,
  ) {
    this.#store = createRolloutStore(pool);
    this.#triggers = { ...DEFAULT_TRIGGERS, ...options.triggers };
    this.#by = options.name ?? hostname();
    this.#mayBeNew = !off;
  }

  /** @throws TypeError for a wrong `enabled`; EffectError when PostgreSQL cannot be reached. */
  static async connect<T>(options: RouterOptions<T>): Promise<RolloutRouter<T>> {
    const { enabled } = options;
    const share = enabled === undefined ? null : parseShare(enabled);
    if (enabled !== undefined && share === null) {
      throw new TypeError(`ENABLE_INTENT_PUBLISHER: expected true, false or 0 to 100, got ${JSON.stringify(enabled)}`);
    }
    const pool = createPool(
      { connectionString: options.databaseUrl, min: 0, max: 5, applicationName: 'bridge-rollout' },
      () => undefined,
    );
    const router = new RolloutRouter(pool, options, enabled !== undefined && isOff(enabled));
    try {
      if (share !== null) await router.#store.set(share, 'ENABLE_INTENT_PUBLISHER', router.#by, true);
    } catch (error) {
      await pool.end();
      throw error;
    }
    return router;
  }

  /**
   * Executes a list by the path of its correlation id. What a path throws is thrown: the other one is never tried, since nobody
   * knows what the first one has done.
   * @throws RoutingError when the path cannot be told; nothing was executed.
   */
  async execute(intents: readonly Intent[], options: ExecuteOptions = {}): Promise<Routed<T>> {
    const requestId = options.requestId ?? randomUUID();
    const correlationId = options.correlationId ?? requestId;
    const given = { ...options, requestId, correlationId };
    const path = await this.#route(correlationId);
    const started = performance.now();
    const elapsed = (): number => performance.now() - started;
    try {
      if (path === 'legacy') {
        const value = await this.options.legacy(intents, given);
        this.#note(observeWhole(path, elapsed(), intents.length, false));
        return { path, value };
      }
      const report = await this.options.client.executeIntents(intents, given);
      this.#note(observe(report.results, elapsed()));
      return { path, report };
    } catch (error) {
      if (!isCallersFault(error)) this.#note(observeWhole(path, elapsed(), intents.length, true));
      throw error;
    }
  }

  /** Stores what has been observed, then closes. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    if (this.#observed.length > 0) await this.#look();
    await endPool(this.pool);
  }

  async #route(correlationId: string): Promise<Path> {
    try {
      return await this.#store.route(correlationId, bucketOf(correlationId), { mayBeNew: this.#mayBeNew });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RoutingError(`rollout: the path of ${correlationId} cannot be told, nothing was executed: ${reason}`, {
        cause: error,
      });
    }
  }

  #note(observation: Observation): void {
    this.#observed.push(observation);
    if (this.#looking === undefined) this.#begin();
  }

  /** One look at a time; those that end meanwhile are in the next one. */
  #begin(): void {
    this.#looking = this.#look().then(() => {
      if (this.#closed) return;
      this.#timer = setTimeout(() => {
        this.#looking = undefined;
        if (this.#observed.length > 0) this.#begin();
      }, this.options.lookEveryMs ?? 1_000).unref();
    });
  }

  async #look(): Promise<void> {
    const observed = this.#observed.slice(-BACKLOG);
    this.#observed = [];
    try {
      await this.#store.record(observed);
    } catch (error) {
      // Kept for the next look: an outage of PostgreSQL is one of the things to be told.
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
    const { percent, baselineMs, revision } = await this.#store.state();
    const { windowMs, minimum } = this.#triggers;
    const legacy = await this.#store.window('legacy', windowMs);
    const measured = legacy.lists >= minimum ? legacy.p95Ms : null;
    if (measured !== null && measured !== baselineMs) await this.#store.keepBaseline(measured);
    if (percent === 0) return;
    const reason = reasonToRollBack(await this.#store.window('new', windowMs), measured ?? baselineMs, this.#triggers);
    // Of several routers that come to it at once, one does it.
    if (reason === null || !(await this.#store.rollBack(revision, reason, this.#by))) return;
    this.#tell(`rollout: rolled back: ${reason}`);
  }

  /** Whoever is told cannot stop the looks, not even by a promise that rejects. */
  #tell(message: string, error?: unknown): void {
    Promise.resolve()
      .then(() => this.options.onEvent?.(message, error))
      .catch(() => undefined);
  }
}

/** Refused for what it is: that says nothing about the path. */
const isCallersFault = (error: unknown): boolean =>
  error instanceof LimitError ||
  error instanceof RequestError ||
  error instanceof RefusedError ||
  error instanceof RequestConflictError;
