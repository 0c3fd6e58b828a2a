/** The rollout, with its real tables: shares, stickiness, and back by each trigger. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecuteOptions, IntentsReport } from '../../src/client/index.js';
import { RefusedError } from '../../src/client/index.js';
import { RolloutRouter, type RouterOptions, RoutingError } from '../../src/rollout/index.js';
import { bucketOf } from '../../src/rollout/share.js';
import { until } from '../../src/until.js';
import { bridge } from '../support/bridge.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState, publishEvent } from '../support/intents.js';
import { type SwitchableServer, switchableServer } from '../support/switchable-server.js';

type Results = readonly Readonly<Record<string, unknown>>[];
const ok = (intent_type = 'PersistState') => ({ intent_type, status: 'succeeded', success: true });
const holds = (condition: boolean): Promise<void> =>
  condition ? Promise.resolve() : Promise.reject(new Error('not yet'));
const failed = (error_code: string, failure_class?: string) => ({
  intent_type: 'PersistState',
  status: 'failed',
  error_code,
  ...(failure_class === undefined ? {} : { failure_class }),
});

describe('rollout: router', function () {
  this.timeout(60_000);
  let environment: Environment;
  const routers: RolloutRouter<string>[] = [];
  const servers: SwitchableServer[] = [];
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());
  beforeEach(async () => {
    await environment.pool.query('TRUNCATE rollout, rollout_changes, rollout_routes, rollout_outcomes');
  });
  afterEach(async () => {
    await Promise.all(routers.splice(0).map((router) => router.close()));
    await Promise.all(servers.splice(0).map((server) => server.off()));
  });

  /** What the paths were asked for, by correlation id. */
  const ran: { path: string; correlationId: string | undefined }[] = [];
  beforeEach(() => void ran.splice(0));
  /** A report cannot be made to fail on demand by real stores within a test's time: those of the triggers are made up. */
  let answer: (options: ExecuteOptions) => Promise<Results> | Results = () => [ok()];
  beforeEach(() => (answer = () => [ok()]));
  let legacy: () => Promise<string> | string = () => 'legacy';
  /** A legacy path of some 50 ms, to compare with. */
  const someTime = async (): Promise<string> => {
    await sleep(50);
    return 'legacy';
  };
  beforeEach(() => (legacy = () => 'legacy'));

  async function connect(options: Partial<RouterOptions<string>> = {}): Promise<RolloutRouter<string>> {
    const router = await RolloutRouter.connect<string>({
      databaseUrl: environment.endpoints.postgres.url,
      client: {
        executeIntents: async (_intents, given) => {
          ran.push({ path: 'new', correlationId: given.correlationId });
          return { results: await answer(given) } as unknown as IntentsReport;
        },
      },
      legacy: async (_intents, given) => {
        ran.push({ path: 'legacy', correlationId: given.correlationId });
        return legacy();
      },
      lookEveryMs: 20,
      ...options,
    });
    routers.push(router);
    return router;
  }
  const status = async () => {
    const run = await bridge(['rollout', 'status', '--json'], environment.env);
    assert.equal(run.code, 0, run.stderr);
    return (run.json() as Record<string, unknown>[])[0] as {
      percent: number;
      latched: boolean;
      changes: { percent: number; reason: string; changed_by: string; changed_at: string }[];
      windows: { new: { lists: number } };
    };
  };
  const set = async (share: string) => {
    const run = await bridge(['rollout', 'set', share, '--reason', `to ${share}`], environment.env);
    assert.equal(run.code, 0, run.stderr);
  };
  const run = async (router: RolloutRouter<string>, count: number, prefix = randomUUID()) => {
    const routed = await Promise.all(
      Array.from({ length: count }, (_, n) => router.execute([persistState()], { correlationId: `${prefix}-${n}` })),
    );
    return routed.filter(({ path }) => path === 'new').length;
  };

  it('goes from 0 over 10 and 50 to 100 %, each list by one path and by its hash', async () => {
    const router = await connect({ enabled: '0' });
    // Else a millisecond beside none would be a reason to roll back.
    legacy = someTime;
    const ids = Array.from({ length: 200 }, () => randomUUID());
    for (const percent of [0, 10, 50, 100]) {
      await set(String(percent));
      ran.splice(0);
      const wave = ids.map((id) => `${percent}-${id}`);
      await Promise.all(wave.map((correlationId) => router.execute([persistState()], { correlationId })));
      assert.deepEqual(ran.map(({ correlationId }) => correlationId).sort(), [...wave].sort(), 'one path each');
      assert.deepEqual(
        ran.flatMap(({ path, correlationId }) => (path === 'new' ? [correlationId] : [])).sort(),
        wave.filter((id) => bucketOf(id) < percent * 100).sort(),
      );
    }
    const { changes } = await status();
    assert.deepEqual(
      changes.map(({ percent, reason }) => [percent, reason]),
      [
        [100, 'to 100'],
        [50, 'to 50'],
        [10, 'to 10'],
        [0, 'to 0'],
        [0, 'ENABLE_INTENT_PUBLISHER'],
      ],
    );
    assert.ok(
      changes.every(({ changed_at, changed_by }) => !Number.isNaN(Date.parse(changed_at)) && changed_by !== ''),
    );
  });

  it('a correlation id stays on its path, with every router, whatever is set', async () => {
    const [one, other] = [await connect({ enabled: '100' }), await connect()];
    const ids = Array.from({ length: 20 }, () => randomUUID());
    for (const correlationId of ids) await one.execute([], { correlationId });
    await set('off');
    for (const correlationId of ids) assert.equal((await other.execute([], { correlationId })).path, 'new');
    assert.equal((await other.execute([], { correlationId: randomUUID() })).path, 'legacy');
    await set('100');
    // At once: one of them routes, the others follow.
    await set('50');
    const correlationId = randomUUID();
    const paths = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : other).execute([], { correlationId })),
    );
    assert.equal(new Set(paths.map(({ path }) => path)).size, 1);
  });

  it('false keeps a router’s new lists on the old path, whatever is set for all', async () => {
    await set('100');
    const [off, on] = [await connect({ enabled: 'false' }), await connect({ enabled: '10' })];
    assert.equal(await run(off, 20), 0);
    assert.equal(await run(on, 20), 20, 'a share that is set comes before the variable');
  });

  const triggers: [string, () => void, RegExp][] = [
    [
      'the error rate',
      () => (answer = () => [ok(), failed('DATABASE_ERROR', 'transient')]),
      /^error rate [\d.]+ % \(\d+ of \d+\), at most 5 % allowed$/,
    ],
    [
      'database connection failures',
      () => (answer = () => [...Array<unknown>(40).fill(ok()), failed('DATABASE_ERROR', 'unavailable')] as Results),
      /^database connection failures in \d+ of \d+ lists/,
    ],
    [
      'publish failures, as which dead letters count',
      () =>
        (answer = () => [ok('PublishEvent'), { intent_type: 'PublishEvent', status: 'dead_lettered', success: true }]),
      /^publish failures 50 % \(\d+ of \d+\), at most 10 % allowed$/,
    ],
    [
      'latency over twice the legacy path’s',
      () =>
        (answer = async () => {
          await new Promise((resolve) => setTimeout(resolve, 300));
          return [ok()];
        }),
      /^latency p95 \d+ ms( \(\d+ of \d+ lists have not ended\))?, at most 2 x \d+ ms allowed$/,
    ],
    [
      'lists that end without a report',
      () => (answer = () => Promise.reject(new Error('was terminated'))),
      /^error rate [\d.]+ % \(\d+ of \d+\), at most 5 % allowed$/,
    ],
  ];
  for (const [name, break_, reason] of triggers) {
    it(`rolls back by ${name}, and stays so until a person lifts it`, async () => {
      const router = await connect({ enabled: '50' });
      legacy = someTime;
      await run(router, 100);
      break_();
      const doomed = randomUUID();
      await Promise.allSettled(
        Array.from({ length: 150 }, (_, n) => router.execute([], { correlationId: `${doomed}-${n}` })),
      );
      await until(10_000, async () => assert.equal((await status()).latched, true));
      const { percent, changes } = await status();
      assert.equal(percent, 0);
      assert.match(changes[0]!.reason, reason);
      assert.equal(changes.length, 2, 'once');
      answer = () => [ok()];
      const other = await connect({ enabled: '100' });
      assert.equal(await run(other, 50), 0, 'all routers, also those that come later');
      assert.equal((await status()).latched, true);
      const inFlight = ran.find(({ path }) => path === 'new')!.correlationId!;
      assert.equal((await other.execute([], { correlationId: inFlight })).path, 'new', 'what was routed stays');
      await set('100');
      assert.equal(await run(other, 50), 50);
      // The window begins anew: what was bad before is not held against it.
      await until(10_000, async () => assert.ok((await status()).windows.new.lists >= 50));
      assert.deepEqual([(await status()).percent, (await status()).latched], [100, false]);
    });
  }

  it('rolls back when lists on the new path do not end at all, and not for a few', async () => {
    const router = await connect({ enabled: '50' });
    legacy = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 'legacy';
    };
    await run(router, 100);
    answer = () => new Promise(() => undefined);
    const ids = Array.from({ length: 200 }, () => randomUUID()).filter((id) => bucketOf(id) < 5_000);
    const hang = (some: readonly string[]) => {
      for (const correlationId of some) void router.execute([persistState()], { correlationId });
    };
    hang(ids.slice(0, 19));
    // Some 50 looks.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.equal((await status()).latched, false);
    hang(ids.slice(19, 60));
    await until(10_000, async () => assert.equal((await status()).latched, true));
    assert.match(
      (await status()).changes[0]!.reason,
      /^latency p95 \d+ ms \(\d+ of \d+ lists have not ended\), at most 2 x \d+ ms allowed$/,
    );
  });

  it('does not hold against a new start what was routed before it and fails after it', async () => {
    const router = await connect({ enabled: '100' });
    const finish: ((results: Results) => void)[] = [];
    answer = () => new Promise<Results>((resolve) => finish.push(resolve));
    const slow = run(router, 40);
    await until(5_000, () => holds(finish.length === 40));
    answer = () => [failed('DATABASE_ERROR', 'transient')];
    await run(router, 40);
    await until(10_000, async () => assert.equal((await status()).latched, true));
    await set('100');
    for (const end of finish) end([failed('DATABASE_ERROR', 'transient')]);
    await slow;
    await until(10_000, async () => {
      const { rows } = await environment.pool.query(
        'SELECT revision::int, count(*)::int FROM rollout_outcomes GROUP BY 1',
      );
      assert.deepEqual(rows, [{ revision: 1, count: 80 }]);
    });
    answer = () => [ok()];
    await run(router, 20);
    await until(10_000, async () => assert.equal((await status()).windows.new.lists, 20));
    assert.deepEqual([(await status()).percent, (await status()).latched], [100, false]);
  });

  it('a list that throws counts with all its intents', async () => {
    const router = await connect({ enabled: '100' });
    const intents = Array.from({ length: 20 }, () => persistState());
    answer = () => intents.map(() => ok());
    await Promise.all(Array.from({ length: 60 }, () => router.execute(intents)));
    answer = () => Promise.reject(new Error('was terminated'));
    // By lists: 40 errors among 1,240 intents, 3.2 %.
    await Promise.allSettled(Array.from({ length: 40 }, () => router.execute(intents)));
    await until(10_000, async () => assert.equal((await status()).latched, true));
    assert.match((await status()).changes[0]!.reason, /^error rate/);
  });

  it('takes few failures of PostgreSQL for errors, unless it was away', async () => {
    const router = await connect({ enabled: '100' });
    answer = () => [...Array<unknown>(40).fill(ok()), failed('DATABASE_ERROR', 'transient')] as Results;
    await run(router, 20);
    await until(10_000, async () => assert.equal((await status()).windows.new.lists, 20));
    assert.equal((await status()).latched, false);
  });

  const listeners: [string, NonNullable<RouterOptions<string>['onEvent']>][] = [
    ['throws', () => assert.fail('on purpose')],
    ['rejects', () => Promise.reject(new Error('on purpose')) as unknown as undefined],
  ];
  for (const [how, onEvent] of listeners) {
    it(`goes on looking although who is told ${how}`, async () => {
      const router = await connect({ enabled: '100', onEvent });
      answer = () => [failed('DATABASE_ERROR', 'transient')];
      await run(router, 40);
      await until(10_000, async () => assert.equal((await status()).latched, true));
      await set('100');
      await run(router, 40);
      await until(10_000, async () => assert.equal((await status()).changes.length, 4, 'rolled back again'));
    });
  }

  it('counts invalid intents and refused lists as nothing', async () => {
    const router = await connect({ enabled: '100' });
    answer = () => [failed('VALIDATION_ERROR'), ok()];
    await run(router, 60);
    answer = () => Promise.reject(new RefusedError('list', 'no request'));
    await Promise.allSettled(Array.from({ length: 60 }, () => router.execute([])));
    answer = () => [ok()];
    await run(router, 20);
    await until(10_000, async () => assert.equal((await status()).windows.new.lists, 80));
    assert.equal((await status()).latched, false);
  });

  it('without its tables takes no path, and what it saw is kept until they are back', async () => {
    const server = await switchableServer(environment.endpoints.postgres.url);
    servers.push(server);
    await server.on();
    const told: string[] = [];
    const router = await connect({
      databaseUrl: server.url,
      enabled: '100',
      onEvent: (message) => told.push(message),
    });
    assert.equal(await run(router, 5), 5);
    await until(10_000, async () => assert.equal((await status()).windows.new.lists, 5));
    let finish: (results: Results) => void = () => undefined;
    answer = () =>
      new Promise<Results>((resolve) => {
        finish = resolve;
      });
    const running = router.execute([], { correlationId: randomUUID() });
    await until(5_000, () => holds(ran.length === 6));
    await server.off();
    await assert.rejects(router.execute([persistState()], { correlationId: 'c-1' }), (error) => {
      assert.ok(error instanceof RoutingError);
      assert.match(error.message, /^rollout: the path of c-1 cannot be determined, nothing was executed: PostgreSQL: /);
      return true;
    });
    assert.equal(ran.length, 6, 'neither path ran');
    finish([ok()]);
    assert.equal((await running).path, 'new');
    await until(10_000, () => holds(told.length > 0));
    await server.on();
    answer = () => [ok()];
    await until(20_000, async () => {
      assert.equal((await router.execute([], { correlationId: randomUUID() })).path, 'new');
      assert.ok((await status()).windows.new.lists >= 7);
    });
  });

  it('never tries the other path after one has thrown, and names a wrong setting', async () => {
    const router = await connect({ enabled: '0' });
    legacy = () => Promise.reject(new Error('half done'));
    await assert.rejects(router.execute([persistState()]), /^Error: half done$/);
    assert.deepEqual(
      ran.map(({ path }) => path),
      ['legacy'],
    );
    await assert.rejects(
      connect({ enabled: 'yes' }),
      /ENABLE_INTENT_PUBLISHER: expected true, false or 0 to 100, got "yes"/,
    );
    const wrong = await bridge(['rollout', 'set', '101'], environment.env);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /expected 0 to 100, on or off/);
  });

  it('with the service itself: rows and events by the new path, none by the old one', async () => {
    const router = await connect({ enabled: 'true', client: environment.client });
    const aggregation_id = randomUUID();
    const routed = await router.execute([persistState({ aggregation_id }), publishEvent()], {
      correlationId: randomUUID(),
    });
    assert.equal(routed.path, 'new');
    assert.equal(routed.report.outcome, 'completed');
    const { rowCount } = await environment.pool.query('SELECT FROM bridge_states WHERE bridge_id = $1', [
      aggregation_id,
    ]);
    assert.equal(rowCount, 1);
    const shown = await bridge(['rollout', 'status'], environment.env);
    assert.match(shown.stdout, /^100 % of new correlation ids take the new path\n/);
  });
});
