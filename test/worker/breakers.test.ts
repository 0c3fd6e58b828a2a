/**
 * These tests check the breakers in front of a worker's stores. Breakers have their own settings, and say whether work
 * may start.
 */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { type Config, loadConfig } from '../../src/config.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import type { SendOutcome } from '../../src/domain/events/publisher.js';
import { createLogger } from '../../src/log.js';
import { createBreakers, guardPublisher } from '../../src/worker/breakers.js';
import { openAdapters } from '../../src/worker/compose.js';
import { createMetrics } from '../../src/worker/metrics.js';

const logger = createLogger('silent');
const away = () => new EffectError('unavailable', 'nobody is there');

describe('breakers of the stores', () => {
  afterEach(() => mock.timers.reset());

  const config = loadConfig({
    PG_BREAKER_FAILURES: '2',
    PG_BREAKER_WINDOW_SECONDS: '10',
    PG_BREAKER_OPEN_SECONDS: '20',
    PG_BREAKER_PROBE_SECONDS: '3',
    KAFKA_BREAKER_FAILURES: '4',
    KAFKA_BREAKER_WINDOW_SECONDS: '40',
    KAFKA_BREAKER_OPEN_SECONDS: '50',
    KAFKA_BREAKER_PROBE_SECONDS: '7',
  });
  for (const [store, numbers] of [
    ['postgres', { failures: 2, window: 10_000, open: 20_000, probe: 3_000 }],
    ['kafka', { failures: 4, window: 40_000, open: 50_000, probe: 7_000 }],
  ] as const) {
    it(`that of ${store} has its own settings, and names its store`, async () => {
      mock.timers.enable({ apis: ['Date', 'setTimeout'] });
      const breaker = createBreakers(config, logger, createMetrics())[store];
      const fail = () => assert.rejects(breaker.call(() => Promise.reject(away())));
      await fail();
      mock.timers.tick(numbers.window + 1);
      for (let time = 1; time < numbers.failures; time += 1) await fail();
      assert.equal(breaker.state, 'closed', 'the first is forgotten');
      mock.timers.tick(numbers.window - 1_000);
      await fail();
      assert.deepEqual([breaker.state, breaker.retryAfterMs], ['open', numbers.open]);
      await assert.rejects(
        breaker.call(() => Promise.resolve()),
        { store, retryAfterMs: numbers.open },
      );
      mock.timers.tick(numbers.open);
      assert.equal(breaker.state, 'half-open');
      void breaker.call(() => new Promise(() => undefined));
      assert.equal(breaker.retryAfterMs, numbers.probe);
    });
  }

  it('lets events through as they were delivered: one that was sent is not sent again for its neighbour', async () => {
    const breaker = createBreakers({ ...config, KAFKA_BREAKER_FAILURES: 1 }, logger, createMetrics()).kafka;
    const message = { topic: 't', key: 'k', value: '{}', headers: {} };
    const error = away();
    const settled: SendOutcome[] = [{ sent: true }, { sent: false, error }];
    const publisher = guardPublisher(breaker, { publish: () => Promise.resolve(settled) });
    assert.deepEqual(await publisher.publish([]), []);
    assert.deepEqual(await publisher.publish([message, message]), settled);
    assert.equal(breaker.state, 'open', 'a broker that is away is counted, though nothing is thrown');
    const refused = await publisher.publish([message, message]);
    assert.deepEqual(
      refused.map((outcome) => !outcome.sent && [outcome.error.failureClass, outcome.error.store]),
      Array(2).fill(['unavailable', 'kafka']),
    );
  });

  it('count the calls that a store has refused the login, and no other', async () => {
    const metrics = createMetrics();
    const { postgres, kafka } = createBreakers(config, logger, metrics);
    const fail = (breaker: typeof kafka, cause: Error) =>
      assert.rejects(breaker.call(() => Promise.reject(new EffectError('unavailable', 'no', { cause }))));
    const count = async (store: string) =>
      new RegExp(`^store_logins_refused_total\\{store="${store}"\\} (\\d+)$`, 'm').exec(
        await metrics.registry.metrics(),
      )?.[1];
    assert.deepEqual([await count('postgres'), await count('kafka')], ['0', '0']);
    await fail(postgres, Object.assign(new Error('password authentication failed'), { code: '28P01' }));
    await fail(postgres, Object.assign(new Error('not accepting'), { code: '55000' }));
    await fail(
      kafka,
      new Error('retries', { cause: Object.assign(new Error('SASL'), { name: 'KafkaJSSASLAuthenticationError' }) }),
    );
    assert.deepEqual([await count('postgres'), await count('kafka')], ['1', '1']);
  });

  it('say once a minute that a store refuses the login', async () => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'] });
    const lines: unknown[] = [];
    const error = (fields: object, message: string) => lines.push([fields, message]);
    const { postgres } = createBreakers(
      { ...config, PG_BREAKER_FAILURES: 100 },
      Object.assign(createLogger('silent'), { error }),
      createMetrics(),
    );
    const refused = new EffectError('unavailable', 'db:5432 refuses the password of user me (PGPASSWORD_FILE)', {
      cause: Object.assign(new Error('password'), { code: '28P01' }),
    });
    const fail = (failure: Error) => assert.rejects(postgres.call(() => Promise.reject(failure)));
    for (const failure of [refused, away(), refused]) await fail(failure);
    mock.timers.tick(60_000);
    await fail(refused);
    assert.deepEqual(lines, [
      [{ store: 'postgres' }, refused.message],
      [{ store: 'postgres', not_logged_before: 1 }, refused.message],
    ]);
  });

  it('does not open for events that the broker refuses', async () => {
    const breaker = createBreakers({ ...config, KAFKA_BREAKER_FAILURES: 1 }, logger, createMetrics()).kafka;
    const settled: SendOutcome[] = [
      { sent: false, error: new EffectError('invalid', 'too large') },
      { sent: false, error: new EffectError('transient', 'the leader moves') },
    ];
    const publisher = guardPublisher(breaker, { publish: () => Promise.resolve(settled) });
    const message = { topic: 't', key: 'k', value: '{}', headers: {} };
    assert.deepEqual(await publisher.publish([message, message]), settled);
    assert.equal(breaker.state, 'closed');
  });

  describe('the intake starts nothing', () => {
    const nobody = '127.0.0.1:1';
    async function withAdapters(
      changed: Partial<Config>,
      use: (adapters: ReturnType<typeof openAdapters>) => Promise<void>,
    ) {
      const adapters = openAdapters(
        { ...config, PG_BREAKER_FAILURES: 1, KAFKA_BREAKER_FAILURES: 1, KAFKA_MAX_RETRY_ATTEMPTS: 0, ...changed },
        {
          temporal: { address: nobody, namespace: 'default', ui: null },
          postgres: { url: `postgres://postgres@${nobody}/none` },
          kafka: { brokers: [nobody] },
        },
        logger,
        createMetrics(),
      );
      try {
        assert.deepEqual(adapters.mayStart(), { ok: true, retryAfterMs: 0 });
        await use(adapters);
      } finally {
        await adapters.close();
      }
    }

    it('while PostgreSQL alone is unavailable', () =>
      withAdapters({}, async (adapters) => {
        await assert.rejects(adapters.ports.ledger.find(['one']));
        const { ok, retryAfterMs } = adapters.mayStart();
        assert.equal(ok, false);
        assert.ok(retryAfterMs > 15_000 && retryAfterMs <= 20_000, `${retryAfterMs} ms`);
      }));

    it('while Kafka alone is unavailable', () =>
      withAdapters({}, async (adapters) => {
        const [outcome] = await adapters.ports.publisher.publish([{ topic: 't', key: 'k', value: '{}', headers: {} }]);
        assert.equal(outcome?.sent, false);
        assert.equal(adapters.mayStart().ok, false);
      }));
  });
});
