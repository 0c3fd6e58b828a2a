import assert from 'node:assert/strict';
import { ConfigError, loadConfig } from '../src/config.js';
import { publishDeadlineMs } from '../src/kafka/settings.js';

describe('loadConfig', () => {
  it('has the defaults of the design', () => {
    const config = loadConfig({});
    assert.deepEqual(
      [
        config.TEMPORAL_NAMESPACE,
        config.TEMPORAL_TASK_QUEUE,
        config.KAFKA_TOPIC_PREFIX,
        config.PORT,
        config.PG_POOL_MAX,
      ],
      ['default', 'bridge-store-effect', 'omninode_bridge', 8080, 25],
    );
    assert.equal(config.DATABASE_URL, undefined);
    assert.equal(config.KAFKA_BOOTSTRAP_SERVERS, undefined);
  });

  it('makes the database URL from PG* when there is no DATABASE_URL', () => {
    const parts = { PGHOST: 'db', PGPORT: '5433', PGUSER: 'me@here', PGPASSWORD: 'p/w', PGDATABASE: 'bridge' };
    assert.equal(loadConfig(parts).DATABASE_URL, 'postgres://me%40here:p%2Fw@db:5433/bridge');
    assert.equal(loadConfig({ ...parts, DATABASE_URL: 'postgres://other/db' }).DATABASE_URL, 'postgres://other/db');
  });

  it('takes a list of brokers, and an empty variable as unset', () => {
    assert.deepEqual(loadConfig({ KAFKA_BOOTSTRAP_SERVERS: 'a:1, b:2,' }).KAFKA_BOOTSTRAP_SERVERS, ['a:1', 'b:2']);
    assert.equal(loadConfig({ PORT: '' }).PORT, 8080);
  });

  it('waits out an outage for 15 minutes unless told otherwise, and lets no letter pass', () => {
    assert.equal(loadConfig({}).OUTAGE_BUDGET_SECONDS, 900);
    assert.equal(loadConfig({ OUTAGE_BUDGET_SECONDS: '60' }).OUTAGE_BUDGET_SECONDS, 60);
    assert.throws(() => loadConfig({ OUTAGE_BUDGET_SECONDS: '0' }), /OUTAGE_BUDGET_SECONDS: /);
    assert.equal(loadConfig({}).DLQ_LETTERS_PASS, false);
  });

  it('has the breakers of the seed', () => {
    const config = loadConfig({});
    assert.deepEqual(
      [
        config.PG_BREAKER_FAILURES,
        config.PG_BREAKER_WINDOW_SECONDS,
        config.PG_BREAKER_OPEN_SECONDS,
        config.PG_BREAKER_PROBE_SECONDS,
      ],
      [5, 30, 60, 10],
    );
    assert.deepEqual(
      [
        config.KAFKA_BREAKER_FAILURES,
        config.KAFKA_BREAKER_WINDOW_SECONDS,
        config.KAFKA_BREAKER_OPEN_SECONDS,
        config.KAFKA_BREAKER_PROBE_SECONDS,
      ],
      [5, 30, 30, 5],
    );
  });

  it('takes no request time-out with which a publish could outlive its activity attempt', () => {
    // 90 s (`storeActivity`), of which the ledger keeps 15.
    assert.equal(publishDeadlineMs(loadConfig({})), 65_000);
    assert.equal(publishDeadlineMs(loadConfig({ KAFKA_TIMEOUT_SECONDS: '35' })), 75_000);
    assert.throws(() => loadConfig({ KAFKA_TIMEOUT_SECONDS: '36' }), /KAFKA_TIMEOUT_SECONDS: .*35/);
  });

  it('names every variable that cannot be used', () => {
    assert.throws(
      () => loadConfig({ PORT: 'http', PG_POOL_MAX: '0', KAFKA_TOPIC_PREFIX: 'a b' }),
      (error: unknown) =>
        error instanceof ConfigError &&
        ['PORT: ', 'PG_POOL_MAX: ', 'KAFKA_TOPIC_PREFIX: expected letters'].every((part) =>
          error.message.includes(part),
        ),
    );
  });
});
