/** These tests check what a router does with its observations, over a store that fails on demand. */
import assert from 'node:assert/strict';
import { observeWhole, type Observation } from '../../src/domain/rollout/observation.js';
import type { RolloutStore, RoutedObservation } from '../../src/domain/rollout/port.js';
import { DEFAULT_TRIGGERS, type PathWindow } from '../../src/domain/rollout/triggers.js';
import { Watch } from '../../src/rollout/watch.js';
import { until } from '../../src/flow-control/until.js';

const EMPTY: PathWindow = {
  lists: 0,
  intents: 0,
  errors: 0,
  publishes: 0,
  publishFailures: 0,
  databaseFailures: 0,
  unfinished: 0,
  p95Ms: null,
};
/** A window in which half of the intents failed. */
const BAD: PathWindow = { ...EMPTY, lists: 40, intents: 40, errors: 20, p95Ms: 1 };

describe('rollout: watch', () => {
  const watches: Watch[] = [];
  afterEach(() => Promise.all(watches.splice(0).map((watch) => watch.close())));

  function storeOf(fields: Partial<RolloutStore> = {}) {
    const recorded: RoutedObservation[] = [];
    const rolledBack: [number, string, string][] = [];
    const store: RolloutStore = {
      route: () => Promise.reject(new Error('not asked for')),
      record: (observations) => Promise.resolve(void recorded.push(...observations)),
      state: () => Promise.resolve({ percent: 50, latched: false, baselineMs: null, revision: 7, changes: [] }),
      window: () => Promise.resolve(EMPTY),
      keepBaseline: () => Promise.resolve(),
      set: () => Promise.resolve(true),
      rollBack: (...change) => Promise.resolve(rolledBack.push(change) > 0),
      ...fields,
    };
    return { store, recorded, rolledBack };
  }
  function watchOf(store: RolloutStore, lookEveryMs = 1) {
    const told: string[] = [];
    const watch = new Watch(store, {
      triggers: DEFAULT_TRIGGERS,
      by: 'here',
      lookEveryMs,
      onEvent: (message) => told.push(message),
    });
    watches.push(watch);
    const end = (intents: number) =>
      watch.begin({ path: 'new', revision: 7 })((durationMs): Observation =>
        observeWhole('new', durationMs, intents, false),
      );
    return { watch, told, end };
  }
  const intentsOf = (observations: readonly Observation[]) => observations.map(({ intents }) => intents);
  const passes = (check: () => void) => until(10_000, () => Promise.resolve().then(check));

  it('keeps what cannot be stored, in order and once, beside what ends meanwhile', async () => {
    let away = true;
    const tried: number[][] = [];
    const { store, recorded } = storeOf({
      record: (observations) => {
        tried.push(intentsOf(observations));
        // A list ends during the look that fails.
        if (tried.length === 1) end(3);
        if (away) return Promise.reject(new Error('away'));
        recorded.push(...observations);
        return Promise.resolve();
      },
    });
    const { told, end } = watchOf(store);
    end(1);
    end(2);
    await passes(() => assert.ok(tried.length >= 2));
    assert.deepEqual(tried.slice(0, 2), [
      [1, 2],
      [1, 2, 3],
    ]);
    assert.equal(told[0], 'rollout: observations are kept until PostgreSQL takes them');
    away = false;
    await passes(() => assert.ok(recorded.length > 0));
    assert.deepEqual(intentsOf(recorded), [1, 2, 3]);
  });

  it('keeps the newest 10,000 through a long outage', async () => {
    const { store, recorded } = storeOf();
    const { watch, end } = watchOf(store, 60_000);
    for (let n = 1; n <= 10_001; n += 1) end(n);
    await watch.close();
    assert.deepEqual([recorded.length, recorded[0]?.intents, recorded.at(-1)?.intents], [10_000, 2, 10_001]);
  });

  it('stores what it saw before it closes, also what comes in a look under way', async () => {
    let taken: (() => void) | undefined;
    const { store, recorded } = storeOf({
      record: async (observations) => {
        if (taken === undefined) await new Promise<void>((resolve) => (taken = resolve));
        recorded.push(...observations);
      },
    });
    const { watch, end } = watchOf(store);
    end(1);
    await passes(() => assert.ok(taken));
    end(2);
    const closing = watch.close();
    taken?.();
    await closing;
    assert.deepEqual(intentsOf(recorded), [1, 2]);
  });

  it('stores what ended less than a look ago when it closes', async () => {
    const { store, recorded } = storeOf();
    const { watch, end } = watchOf(store, 60_000);
    end(1);
    await watch.close();
    assert.deepEqual(intentsOf(recorded), [1]);
  });

  it('rolls back the share it has looked at, by its name, and says so', async () => {
    const { store, rolledBack } = storeOf({
      window: (path) => Promise.resolve(path === 'new' ? BAD : EMPTY),
    });
    const { told, end, watch } = watchOf(store, 60_000);
    end(1);
    await watch.close();
    assert.deepEqual(rolledBack, [[7, 'error rate 50 % (20 of 40), at most 5 % allowed', 'here']]);
    await passes(() =>
      assert.deepEqual(told, ['rollout: rolled back: error rate 50 % (20 of 40), at most 5 % allowed']),
    );
  });

  it('says nothing when another router was faster', async () => {
    const { store } = storeOf({ window: () => Promise.resolve(BAD), rollBack: () => Promise.resolve(false) });
    const { told, end, watch } = watchOf(store, 60_000);
    end(1);
    await watch.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(told, []);
  });

  it('goes on looking after a look that failed', async () => {
    let looks = 0;
    const { store, rolledBack } = storeOf({
      window: () => ((looks += 1) === 1 ? Promise.reject(new Error('away')) : Promise.resolve(BAD)),
    });
    const { told, end } = watchOf(store);
    end(1);
    await passes(() => assert.deepEqual(told, ['rollout: the window could not be looked at']));
    end(2);
    await passes(() => assert.ok(rolledBack.length > 0));
  });

  for (const [lists, stored, expected] of [
    [20, null, 100],
    [20, 50, 100],
    [19, 50, 50],
    [19, null, null],
  ] as const) {
    it(`compares with the legacy path’s ${lists} lists, or with ${stored ?? 'nothing'} from before`, async () => {
      const kept: number[] = [];
      const { store, rolledBack } = storeOf({
        state: () => Promise.resolve({ percent: 50, latched: false, baselineMs: stored, revision: 7, changes: [] }),
        window: (path) =>
          Promise.resolve(path === 'legacy' ? { ...EMPTY, lists, p95Ms: 100 } : { ...EMPTY, lists: 20, p95Ms: 201 }),
        keepBaseline: (ms) => Promise.resolve(void kept.push(ms)),
      });
      const { end, watch } = watchOf(store, 60_000);
      end(1);
      await watch.close();
      assert.deepEqual(kept, expected === 100 ? [100] : []);
      const reason = `latency p95 201 ms, at most 2 x ${expected} ms allowed`;
      assert.deepEqual(
        rolledBack.map(([, why]) => why),
        expected === null ? [] : [reason],
      );
    });
  }

  it('counts lists that take too long, of the present share only, from 20 on', async () => {
    const asked: number[] = [];
    const { store } = storeOf({
      state: () => Promise.resolve({ percent: 50, latched: false, baselineMs: 1, revision: 7, changes: [] }),
      window: (path, _windowMs, unfinished = []) => {
        if (path === 'new') asked.push(unfinished.length);
        return Promise.resolve(EMPTY);
      },
    });
    const { watch } = watchOf(store);
    const begin = (revision: number, path: 'new' | 'legacy' = 'new') => watch.begin({ path, revision });
    for (let n = 0; n < 19; n += 1) begin(7);
    for (let n = 0; n < 5; n += 1) begin(6);
    for (let n = 0; n < 5; n += 1) begin(7, 'legacy');
    await passes(() => assert.ok(asked.length >= 3));
    assert.deepEqual([...new Set(asked)], [0]);
    const last = begin(7);
    await passes(() => assert.equal(asked.at(-1), 20));
    last(() => null);
    await passes(() => assert.equal(asked.at(-1), 0, 'one has ended'));
  });
});
