import assert from 'node:assert/strict';
import { createStoreBreaker } from '../../src/flow-control/store-breaker.js';
import { createPool, endPool, withTransaction } from '../../src/postgres/core/pool.js';
import { createMetrics } from '../../src/worker/metrics.js';
import { poolPressure } from '../../src/worker/pool-pressure.js';
import { useDatabase } from '../postgres/support.js';

describe('pool pressure', () => {
  const database = useDatabase();
  type Warning = readonly [fields: Record<string, unknown>, message: string];
  const observed = () => {
    const warnings: Warning[] = [];
    const metrics = createMetrics();
    const clock = { now: 0 };
    const logger = { warn: (...warning: Warning) => void warnings.push(warning) };
    const observer = poolPressure(logger as never, metrics, () => clock.now);
    const count = async (name: string) => {
      const { values } = await metrics.registry.getSingleMetric(name)!.get();
      return values.find(({ labels }) => Object.keys(labels).length === 0)?.value;
    };
    return { warnings, metrics, clock, observer, count };
  };

  it('counts and warns from 90 % of the pool, and over 100 ms of a checkout or a query', async () => {
    const { observer, warnings, count } = observed();
    observer.checkedOut(0.1, 22, 25);
    observer.ran(0.1);
    assert.deepEqual(warnings, []);
    observer.checkedOut(0.1, 9, 10);
    observer.checkedOut(0.101, 1, 25);
    observer.ran(0.101);
    assert.deepEqual(warnings, [
      [{ used: 9, max: 10 }, 'the connection pool of PostgreSQL is nearly exhausted'],
      [{ seconds: 0.101, used: 1, max: 25 }, 'waited long for a connection to PostgreSQL'],
      [{ seconds: 0.101 }, 'a statement or transaction of PostgreSQL was slow'],
    ]);
    for (const name of ['pg_pool_pressure_total', 'pg_slow_checkouts_total', 'pg_slow_queries_total']) {
      assert.equal(await count(name), 1, name);
    }
  });

  it('warns of the same thing once a minute, and says how often it did not', async () => {
    const { observer, warnings, clock, count } = observed();
    for (let time = 0; time < 5; time += 1) observer.ran(1);
    observer.checkedOut(0, 25, 25);
    assert.equal(warnings.length, 2, 'kinds are told apart');
    clock.now = 60_000;
    observer.ran(1);
    assert.deepEqual(warnings.at(-1)?.[0], { seconds: 1, not_logged_before: 4 });
    assert.equal(await count('pg_slow_queries_total'), 6);
  });

  it('of a pool of one connection is transient for who waits in vain, and opens no circuit breaker', async () => {
    const { observer, metrics, warnings } = observed();
    const pool = createPool({ url: database.url, max: 1, connectTimeoutMs: 150, observer }, () => undefined);
    const breaker = createStoreBreaker(
      {
        store: 'postgres',
        title: 'PostgreSQL',
        failures: 5,
        windowMs: 30_000,
        openMs: 60_000,
        probeMs: 10_000,
      },
      { changed: () => undefined, refused: () => undefined, failed: () => undefined },
    );
    const select = () => breaker.call(() => withTransaction(pool, (tx) => tx.query('SELECT 1')));
    try {
      await withTransaction(pool, async () => {
        const settled = await Promise.allSettled(Array.from({ length: 6 }, select));
        const classes = settled.map(
          (result) => result.status === 'rejected' && (result.reason as { failureClass: string }).failureClass,
        );
        assert.deepEqual(classes, Array(6).fill('transient'));
      });
      assert.equal(breaker.state, 'closed');
      await select();
    } finally {
      await endPool(pool);
    }
    const text = await metrics.registry.metrics();
    const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    assert.equal(value('pg_checkout_seconds_count'), 8);
    assert.equal(value('pg_pool_pressure_total'), 8);
    assert.equal(value('pg_query_seconds_count'), 2);
    // There may be more, because making the connection, or the last statement, may be slow too on a busy machine.
    assert.ok(value('pg_slow_checkouts_total') >= 6);
    assert.ok(value('pg_slow_queries_total') >= 1);
    assert.equal(warnings.length, 3, 'one of each kind');
  });
});
