/**
 * The router routes lists between the legacy path and this service while the service is rolled out (ADR 0010). It rolls
 * back when the new path does badly.
 *
 * @example
 * const router = await RolloutRouter.connect({ databaseUrl, client, legacy: (intents) => legacyPersist(intents) });
 * await router.execute(intents, { correlationId });
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { errorsIn } from '../domain/failures/failure-table.js';
import { LimitError } from '../domain/values/limits.js';
import { RequestError } from '../domain/execution/request.js';
import type { ExecuteOptions, Intent, IntentsReport } from '../client/types.js';
import { RefusedError, RequestConflictError } from '../client/errors.js';
import { databaseEndpoint } from '../config.js';
import { createRolloutStore } from '../postgres/rollout/rollout-store.js';
import { createPool, endPool, type Pool } from '../postgres/core/pool.js';
import { observe, observeWhole } from '../domain/rollout/observation.js';
import { bucketOf, isOff, parseShare } from '../domain/rollout/share.js';
import type { RolloutStore, Route } from '../domain/rollout/port.js';
import { DEFAULT_TRIGGERS, type Triggers } from '../domain/rollout/triggers.js';
import { Watch } from './watch.js';

/** A RoutingError says that no path was taken, as it could not be determined: the list has not been executed. */
export class RoutingError extends Error {
  override readonly name = 'RoutingError';
}

export interface RouterOptions<T> {
  /**
   * The URL of the database; the rollout's tables are where this service's are. The default is the environment's, as a
   * worker reads it (docs/settings.md). `PGSSLMODE` and its files, `PGPASSWORD` and `PG_POOLER` hold for both.
   */
  readonly databaseUrl?: string;
  /** The new path. */
  readonly client: {
    /** Executes a list, as `StoreEffectClient` does. */
    executeIntents(intents: readonly Intent[], options: ExecuteOptions): Promise<IntentsReport>;
  };
  /** The legacy path; it throws when it fails. */
  readonly legacy: (intents: readonly Intent[], options: ExecuteOptions) => Promise<T>;
  /**
   * ENABLE_INTENT_PUBLISHER: `true`, `false` or 0 to 100. It is the share as long as none has been set for all routers.
   * `false` also keeps this router's new correlation ids on the legacy path, whatever is set. The default is the share
   * that is set for all, or 0 as long as none is.
   */
  readonly enabled?: string;
  readonly triggers?: Partial<Triggers>;
  /** The name of the router in the record of changes; default: the host's name. */
  readonly name?: string;
  /** Is called for what happens beside the lists: a rollback, or observations that cannot be stored. */
  readonly onEvent?: (message: string, error?: unknown) => void;
  /** Milliseconds between two looks at the window; default 1,000. */
  readonly lookEveryMs?: number;
}

export type Routed<T> =
  { readonly path: 'new'; readonly report: IntentsReport } | { readonly path: 'legacy'; readonly value: T };

export class RolloutRouter<T> {
  readonly #store: RolloutStore;
  readonly #watch: Watch;
  readonly #by: string;
  readonly #mayBeNew: boolean;

  private constructor(
    private readonly pool: Pool,
    private readonly options: RouterOptions<T>,
    off: boolean,
  ) {
    this.#store = createRolloutStore(pool);
    this.#by = options.name ?? hostname();
    this.#watch = new Watch(this.#store, {
      triggers: { ...DEFAULT_TRIGGERS, ...options.triggers },
      by: this.#by,
      lookEveryMs: options.lookEveryMs ?? 1_000,
      onEvent: options.onEvent,
    });
    this.#mayBeNew = !off;
  }

  /**
   * @throws TypeError for an invalid `enabled`; ConfigError for a database that is not named, or cannot be used;
   * EffectError when PostgreSQL cannot be reached.
   */
  static async connect<T>(options: RouterOptions<T>): Promise<RolloutRouter<T>> {
    const { enabled } = options;
    const share = enabled === undefined ? null : parseShare(enabled);
    if (enabled !== undefined && share === null) {
      throw new TypeError(`ENABLE_INTENT_PUBLISHER: expected true, false or 0 to 100, got ${JSON.stringify(enabled)}`);
    }
    const pool = createPool(
      { ...databaseEndpoint(options.databaseUrl), min: 0, max: 5, applicationName: 'bridge-rollout' },
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
   * Executes a list by the path of its correlation id. An error of that path is thrown. The other path is never tried,
   * since nobody knows what the first one has done.
   * @throws RoutingError when the path is not known; nothing was executed.
   */
  async execute(intents: readonly Intent[], options?: ExecuteOptions | null): Promise<Routed<T>> {
    const requestId = options?.requestId ?? randomUUID();
    const correlationId = options?.correlationId ?? requestId;
    const given = { ...options, requestId, correlationId };
    const route = await this.#route(correlationId);
    const { path } = route;
    const ended = this.#watch.begin(route);
    try {
      if (path === 'legacy') {
        const value = await this.options.legacy(intents, given);
        ended((durationMs) => observeWhole(path, durationMs, intents.length, false));
        return { path, value };
      }
      const report = await this.options.client.executeIntents(intents, given);
      ended((durationMs) => observe(report.results, durationMs));
      return { path, report };
    } catch (error) {
      ended((durationMs) => (isCallersFault(error) ? null : observeWhole(path, durationMs, intents.length, true)));
      throw error;
    }
  }

  /** Stores what has been observed, then closes. */
  async close(): Promise<void> {
    await this.#watch.close();
    await endPool(this.pool);
  }

  async #route(correlationId: string): Promise<Route> {
    try {
      return await this.#store.route(correlationId, bucketOf(correlationId), { mayBeNew: this.#mayBeNew });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RoutingError(
        `rollout: the path of ${correlationId} cannot be determined, nothing was executed: ${reason}`,
        {
          cause: error,
        },
      );
    }
  }
}

/** The errors that refuse a list for what it is, which says nothing about the path. */
const REFUSALS = [LimitError, RequestError, RefusedError, RequestConflictError];

/** Returns whether an error is a refusal, or holds one: callers wrap the client in code of their own. */
const isCallersFault = (error: unknown): boolean =>
  [...errorsIn(error)].some((one) => REFUSALS.some((refusal) => one instanceof refusal));
