/** These tests go back to the legacy path by each trigger, over the real tables, and check what is no reason for it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  LimitError,
  RefusedError,
  RequestConflictError,
  RequestError,
  StoreEffectClient,
} from '../../src/client/index.js';
import { type RouterOptions, RoutingError } from '../../src/rollout/index.js';
import { bucketOf } from '../../src/domain/rollout/share.js';
import { until } from '../../src/flow-control/until.js';
import { useDatabase } from '../postgres/support.js';
import { persistState } from '../support/intents.js';
import { type SwitchableServer, switchableServer } from '../support/switchable-server.js';
import { failed, holds, ok, type Results, someTime, useRollout } from './support.js';

describe('rollout: rolling back', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const rollout = useRollout(database);
  const servers: SwitchableServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.off())));

  const triggers: [string, () => void, RegExp][] = [
    [
      'the error rate',
      () => (rollout.answer = () => [ok(), failed('DATABASE_ERROR', 'transient')]),
      /^error rate [\d.]+ % \(\d+ of \d+\), at most 5 % allowed$/,
    ],
    [
      'database connection failures',
      () =>
        (rollout.answer = () => [...Array<unknown>(40).fill(ok()), failed('DATABASE_ERROR', 'unavailable')] as Results),
      /^database connection failures in \d+ of \d+ lists/,
    ],
    [
      'publish failures, as which dead letters count',
      () =>
        (rollout.answer = () => [
          ok('PublishEvent'),
          { intent_type: 'PublishEvent', status: 'dead_lettered', success: true },
        ]),
      /^publish failures 50 % \(\d+ of \d+\), at most 10 % allowed$/,
    ],
    [
      'latency over twice the legacy path’s',
      () =>
        (rollout.answer = async () => {
          await new Promise((resolve) => setTimeout(resolve, 300));
          return [ok()];
        }),
      /^latency p95 \d+ ms( \(\d+ of \d+ lists have not ended\))?, at most 2 x \d+ ms allowed$/,
    ],
    [
      'lists that end without a report',
      () => (rollout.answer = () => Promise.reject(new Error('was terminated'))),
      /^error rate [\d.]+ % \(\d+ of \d+\), at most 5 % allowed$/,
    ],
  ];
  for (const [name, break_, reason] of triggers) {
    it(`rolls back by ${name}, and stays so until a person lifts it`, async () => {
      const router = await rollout.connect({ enabled: '50' });
      rollout.legacy = someTime;
      await rollout.run(router, 100);
      break_();
      const doomed = randomUUID();
      await Promise.allSettled(
        Array.from({ length: 150 }, (_, n) => router.execute([], { correlationId: `${doomed}-${n}` })),
      );
      await until(10_000, async () => assert.equal((await rollout.status()).latched, true));
      const { percent, changes } = await rollout.status();
      assert.equal(percent, 0);
      assert.match(changes[0]!.reason, reason);
      assert.equal(changes.length, 2, 'once');
      rollout.answer = () => [ok()];
      const other = await rollout.connect({ enabled: '100' });
      assert.equal(await rollout.run(other, 50), 0, 'all routers, also those that come later');
      assert.equal((await rollout.status()).latched, true);
      const inFlight = rollout.ran.find(({ path }) => path === 'new')!.correlationId!;
      assert.equal((await other.execute([], { correlationId: inFlight })).path, 'new', 'what was routed stays');
      await rollout.set(100);
      assert.equal(await rollout.run(other, 50), 50);
      // The window begins anew, so the errors before do not count against the new share.
      await until(10_000, async () => assert.ok((await rollout.lists()) >= 50));
      assert.deepEqual([(await rollout.status()).percent, (await rollout.status()).latched], [100, false]);
    });
  }

  it('rolls back when lists on the new path do not end at all', async () => {
    const router = await rollout.connect({ enabled: '50' });
    rollout.legacy = someTime;
    await rollout.run(router, 100);
    rollout.answer = () => new Promise(() => undefined);
    const ids = Array.from({ length: 200 }, () => randomUUID()).filter((id) => bucketOf(id) < 5_000);
    for (const correlationId of ids.slice(0, 60)) void router.execute([persistState()], { correlationId });
    await until(10_000, async () => assert.equal((await rollout.status()).latched, true));
    assert.match(
      (await rollout.status()).changes[0]!.reason,
      /^latency p95 \d+ ms \(\d+ of \d+ lists have not ended\), at most 2 x \d+ ms allowed$/,
    );
  });

  it('does not hold against a new start what was routed before it and fails after it', async () => {
    const router = await rollout.connect({ enabled: '100' });
    const finish: ((results: Results) => void)[] = [];
    rollout.answer = () => new Promise<Results>((resolve) => finish.push(resolve));
    const slow = rollout.run(router, 40);
    await until(5_000, () => holds(finish.length === 40));
    rollout.answer = () => [failed('DATABASE_ERROR', 'transient')];
    await rollout.run(router, 40);
    await until(10_000, async () => assert.equal((await rollout.status()).latched, true));
    await rollout.set(100);
    for (const end of finish) end([failed('DATABASE_ERROR', 'transient')]);
    await slow;
    await until(10_000, async () => {
      const { rows } = await database.pool.query(
        'SELECT revision::int, count(*)::int FROM rollout_outcomes GROUP BY 1',
      );
      assert.deepEqual(rows, [{ revision: 1, count: 80 }]);
    });
    rollout.answer = () => [ok()];
    await rollout.run(router, 20);
    await until(10_000, async () => assert.equal(await rollout.lists(), 20));
    assert.deepEqual([(await rollout.status()).percent, (await rollout.status()).latched], [100, false]);
  });

  it('a list that throws counts with all its intents', async () => {
    const router = await rollout.connect({ enabled: '100' });
    const intents = Array.from({ length: 20 }, () => persistState());
    rollout.answer = () => intents.map(() => ok());
    await Promise.all(Array.from({ length: 60 }, () => router.execute(intents)));
    rollout.answer = () => Promise.reject(new Error('was terminated'));
    // If lists were counted, these would be 40 errors among 1,240 intents, 3.2 %.
    await Promise.allSettled(Array.from({ length: 40 }, () => router.execute(intents)));
    await until(10_000, async () => assert.equal((await rollout.status()).latched, true));
    assert.match((await rollout.status()).changes[0]!.reason, /^error rate/);
  });

  it('takes few failures of PostgreSQL for errors, unless it was unavailable', async () => {
    const router = await rollout.connect({ enabled: '100' });
    rollout.answer = () => [...Array<unknown>(40).fill(ok()), failed('DATABASE_ERROR', 'transient')] as Results;
    await rollout.run(router, 20);
    await until(10_000, async () => assert.equal(await rollout.lists(), 20));
    assert.equal((await rollout.status()).latched, false);
  });

  const listeners: [string, NonNullable<RouterOptions<string>['onEvent']>][] = [
    ['throws', () => assert.fail('on purpose')],
    ['rejects', () => Promise.reject(new Error('on purpose')) as unknown as undefined],
  ];
  for (const [how, onEvent] of listeners) {
    it(`goes on looking although its listener ${how}`, async () => {
      const router = await rollout.connect({ enabled: '100', onEvent });
      rollout.answer = () => [failed('DATABASE_ERROR', 'transient')];
      await rollout.run(router, 40);
      await until(10_000, async () => assert.equal((await rollout.status()).latched, true));
      await rollout.set(100);
      await rollout.run(router, 40);
      await until(10_000, async () => assert.equal((await rollout.status()).changes.length, 4, 'rolled back again'));
    });
  }

  it('counts what callers do wrong as nothing, whatever the class of its error', async () => {
    const refuse = (error: Error) => () => Promise.reject(error);
    const mistakes: (typeof rollout.answer)[] = [
      () => [failed('VALIDATION_ERROR'), ok()],
      () => [failed('DATABASE_ERROR', 'invalid'), ok()],
      refuse(new RefusedError('list', 'no request')),
      refuse(new RequestConflictError('twice')),
      refuse(new RequestError('options: expected an object, got NaN')),
      refuse(new LimitError('intents: the limit is 2000')),
      refuse(new Error('our wrapper', { cause: new AggregateError([new RequestError('no list')]) })),
      // The client itself refuses what JSON cannot carry.
      () =>
        client.executeIntents([{ ...persistState(), intent_id: 5n as never }]).then(() => assert.fail('not refused')),
    ];
    const client = new StoreEffectClient({} as never);
    const router = await rollout.connect({ enabled: '100' });
    for (const mistake of mistakes) {
      rollout.answer = mistake;
      await Promise.allSettled(Array.from({ length: 40 }, () => router.execute([persistState()])));
    }
    rollout.answer = () => [ok()];
    assert.equal(await rollout.run(router, 20), 20, 'the callers’ mistakes take no path away');
    await until(10_000, async () => assert.equal(await rollout.lists(), 100));
    const { rows } = await database.pool.query('SELECT sum(errors)::int AS errors FROM rollout_outcomes');
    assert.deepEqual(rows, [{ errors: 0 }]);
    assert.equal((await rollout.status()).latched, false);
  });

  it('without its tables takes no path, and what it saw is kept until they are back', async () => {
    const server = await switchableServer(new URL(database.url).host);
    servers.push(server);
    await server.on();
    const told: string[] = [];
    const router = await rollout.connect({
      databaseUrl: Object.assign(new URL(database.url), { host: server.address }).href,
      enabled: '100',
      onEvent: (message) => told.push(message),
    });
    assert.equal(await rollout.run(router, 5), 5);
    await until(10_000, async () => assert.equal(await rollout.lists(), 5));
    let finish: (results: Results) => void = () => undefined;
    rollout.answer = () =>
      new Promise<Results>((resolve) => {
        finish = resolve;
      });
    const running = router.execute([], { correlationId: randomUUID() });
    await until(5_000, () => holds(rollout.ran.length === 6));
    await server.off();
    await assert.rejects(router.execute([persistState()], { correlationId: 'c-1' }), (error) => {
      assert.ok(error instanceof RoutingError);
      assert.match(error.message, /^rollout: the path of c-1 cannot be determined, nothing was executed: PostgreSQL: /);
      return true;
    });
    assert.equal(rollout.ran.length, 6, 'neither path ran');
    finish([ok()]);
    assert.equal((await running).path, 'new');
    await until(10_000, () => holds(told.length > 0));
    await server.on();
    // No other list is run meanwhile: the sixth outcome is the one that ended during the outage.
    await until(20_000, async () => {
      const { rows } = await database.pool.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM rollout_outcomes',
      );
      assert.deepEqual(rows, [{ count: 6 }]);
    });
  });
});
