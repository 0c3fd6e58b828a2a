import assert from 'node:assert/strict';
import { ConfigError, loadConfig } from '../src/config.js';

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
