/** This module makes routers over the real tables, with paths that are made up. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecuteOptions, IntentsReport } from '../../src/client/index.js';
import type { Pool } from '../../src/postgres/core/pool.js';
import { RolloutRouter, type RouterOptions } from '../../src/rollout/index.js';
import { createRolloutStore } from '../../src/postgres/rollout/rollout-store.js';
import { persistState } from '../support/intents.js';

export type Results = readonly Readonly<Record<string, unknown>>[];

export const ok = (intent_type = 'PersistState') => ({ intent_type, status: 'succeeded', success: true });

export const failed = (error_code: string, failure_class?: string) => ({
  intent_type: 'PersistState',
  status: 'failed',
  error_code,
  ...(failure_class === undefined ? {} : { failure_class }),
});

export const holds = (condition: boolean): Promise<void> =>
  condition ? Promise.resolve() : Promise.reject(new Error('not yet'));

/** A legacy path of some 50 ms, to compare the new one with. */
export const someTime = async (): Promise<string> => {
  await sleep(50);
  return 'legacy';
};

export interface Rollout {
  /** The lists that the paths were asked for, by correlation id. */
  readonly ran: { readonly path: string; readonly correlationId: string | undefined }[];
  /** Returns the results on the new path. Real stores cannot be made to fail on demand within a test's time. */
  answer: (options: ExecuteOptions) => Promise<Results> | Results;
  legacy: () => Promise<string> | string;
  connect(options?: Partial<RouterOptions<string>>): Promise<RolloutRouter<string>>;
  /** Executes lists of one intent. @returns how many took the new path. */
  run(router: RolloutRouter<string>, count: number, prefix?: string): Promise<number>;
  /** Sets the share, as a person does. */
  set(percent: number): Promise<boolean>;
  status(): ReturnType<ReturnType<typeof createRolloutStore>['state']>;
  /** Counts the lists of the new path in the window. */
  lists(): Promise<number>;
}

/** @param database has the tables, and exists once the tests run. */
export function useRollout(database: { readonly url: string; readonly pool: Pool }): Rollout {
  const routers: RolloutRouter<string>[] = [];
  const store = () => createRolloutStore(database.pool);
  const rollout: Rollout = {
    ran: [],
    answer: () => [ok()],
    legacy: () => 'legacy',
    async connect(options = {}) {
      const router = await RolloutRouter.connect<string>({
        databaseUrl: database.url,
        client: {
          executeIntents: async (_intents, given) => {
            rollout.ran.push({ path: 'new', correlationId: given.correlationId });
            return { results: await rollout.answer(given) } as unknown as IntentsReport;
          },
        },
        legacy: async (_intents, given) => {
          rollout.ran.push({ path: 'legacy', correlationId: given.correlationId });
          return rollout.legacy();
        },
        lookEveryMs: 20,
        ...options,
      });
      routers.push(router);
      return router;
    },
    async run(router, count, prefix = randomUUID()) {
      const routed = await Promise.all(
        Array.from({ length: count }, (_, n) => router.execute([persistState()], { correlationId: `${prefix}-${n}` })),
      );
      return routed.filter(({ path }) => path === 'new').length;
    },
    set: (percent) => store().set(percent, `to ${percent}`, 'a person'),
    status: () => store().state(),
    lists: async () => (await store().window('new', 300_000)).lists,
  };
  beforeEach(async () => {
    await database.pool.query('TRUNCATE rollout, rollout_changes, rollout_routes, rollout_outcomes');
    rollout.ran.splice(0);
    rollout.answer = () => [ok()];
    rollout.legacy = () => 'legacy';
  });
  afterEach(() => Promise.all(routers.splice(0).map((router) => router.close())));
  return rollout;
}
