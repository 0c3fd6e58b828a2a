import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import envPaths from 'env-paths';
import { ConfigError, loadConfig, temporalSettings } from '../src/config.js';
import { publishDeadlineMs } from '../src/kafka/settings.js';
import { postgresEndpoint } from '../src/settings/postgres-endpoint.js';

describe('loadConfig', () => {
  it('has the defaults that docs/settings.md and the decision records promise', () => {
    assert.deepEqual(loadConfig({}), {
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_TASK_QUEUE: 'bridge-store-effect',
      PGUSER: 'postgres',
      PGDATABASE: 'omninode_bridge',
      PG_POOLER: 'none',
      PG_POOL_MIN: 10,
      PG_POOL_MAX: 25,
      PG_STATEMENT_TIMEOUT_MS: 60_000,
      PG_CHECKOUT_TIMEOUT_MS: 5_000,
      PG_BREAKER_FAILURES: 5,
      PG_BREAKER_WINDOW_SECONDS: 30,
      PG_BREAKER_OPEN_SECONDS: 60,
      PG_BREAKER_PROBE_SECONDS: 10,
      KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT',
      KAFKA_TOPIC_PREFIX: 'omninode_bridge',
      INTAKE_MAX_SLICES: 12,
      KAFKA_TOPIC_PARTITIONS: 3,
      KAFKA_REPLICATION_FACTOR: -1,
      KAFKA_ENABLE_DLQ: true,
      KAFKA_DLQ_SUFFIX: '.dlq',
      KAFKA_DLQ_MAX_REDRIVES: 10,
      DLQ_REDRIVE_SECONDS: 60,
      LEDGER_RETENTION_DAYS: 30,
      FSM_RETENTION_DAYS: 0,
      SWEEP_SECONDS: 300,
      RECOVERY_SECONDS: 86_400,
      RECOVERY_PAUSED: false,
      DLQ_LETTERS_PASS: false,
      KAFKA_MAX_RETRY_ATTEMPTS: 3,
      KAFKA_RETRY_BACKOFF_BASE: 0.3,
      KAFKA_TIMEOUT_SECONDS: 30,
      KAFKA_BREAKER_FAILURES: 5,
      KAFKA_BREAKER_WINDOW_SECONDS: 30,
      KAFKA_BREAKER_OPEN_SECONDS: 30,
      KAFKA_BREAKER_PROBE_SECONDS: 5,
      OUTAGE_BUDGET_SECONDS: 900,
      ENVIRONMENT: 'development',
      REGION: 'local',
      SERVICE_INSTANCE: hostname(),
      PORT: 8080,
      LOG_LEVEL: 'info',
      SHUTDOWN_GRACE_SECONDS: 30,
      MAX_CACHED_WORKFLOWS: 1_000,
      MAX_CONCURRENT_ACTIVITIES: 100,
      BRIDGE_STACK_DIR: '.stack',
      BRIDGE_CACHE_DIR: envPaths('bridge-store-effect', { suffix: '' }).cache,
      BRIDGE_STACK_MODE: 'auto',
      temporal: {},
    });
  });

  const limits: readonly (readonly [name: string, taken: readonly string[], refused: readonly string[]])[] = [
    // Above these limits, a statement or a publish outlives its activity's 90 s. It would have its effect beside the
    // next attempt.
    ['PG_STATEMENT_TIMEOUT_MS', ['100', '75000'], ['99', '75001']],
    ['KAFKA_TIMEOUT_SECONDS', ['0.5', '35'], ['0', '35.1']],
    // 0 switches off, or keeps for ever.
    ['LEDGER_RETENTION_DAYS', ['0'], ['-1', '0.5']],
    ['FSM_RETENTION_DAYS', ['0', '36500'], ['-1', '36501']],
    ['SWEEP_SECONDS', ['0'], ['-1']],
    ['DLQ_REDRIVE_SECONDS', ['0'], ['-1']],
    ['RECOVERY_SECONDS', ['0'], ['-1']],
    ['PG_POOL_MIN', ['0'], ['-1']],
    ['PORT', ['0', '65535'], ['65536', 'http']],
    ['MAX_CACHED_WORKFLOWS', ['0', '4'], ['-1', '1', '3']],
    ['KAFKA_MAX_RETRY_ATTEMPTS', ['0', '20'], ['21']],
    ['BATCH_LINGER_MS', ['0', '1000'], ['1001']],
    // 0 would stop everything, so that it is not taken.
    ['PG_POOL_MAX', ['1'], ['0', 'many']],
    ['INTAKE_MAX_SLICES', ['1'], ['0']],
    ['MAX_CONCURRENT_ACTIVITIES', ['1'], ['0']],
    ['KAFKA_BATCH_SIZE', ['1'], ['0']],
    ['KAFKA_DLQ_MAX_REDRIVES', ['1'], ['0']],
    ['OUTAGE_BUDGET_SECONDS', ['60'], ['0']],
    ['SHUTDOWN_GRACE_SECONDS', ['0.1', '600'], ['0', '601']],
    ['KAFKA_ENABLE_DLQ', ['true', 'false'], ['maybe']],
    ['KAFKA_COMPRESSION', ['none', 'gzip', 'lz4'], ['snappy']],
    ['KAFKA_TOPIC_PREFIX', ['a.b-c_D9', 'x'.repeat(150)], ['a b', 'x'.repeat(151), 'é']],
    ['ENABLE_INTENT_PUBLISHER', ['true', 'false', '0', '100'], ['101', 'yes']],
    ['DEPLOYMENT_ID', ['x'.repeat(200)], ['x'.repeat(201)]],
    [
      'TEMPORAL_DEPLOYMENT_NAME',
      ['bridge-store-effect', 'x'.repeat(200)],
      ['a.b', 'a:b', "a'b", 'a"b', '-a', 'a b', 'x'.repeat(201)],
    ],
  ];
  for (const [name, taken, refused] of limits) {
    it(`takes ${name} within its limits only`, () => {
      for (const value of taken) assert.doesNotThrow(() => loadConfig({ [name]: value }), value);
      for (const value of refused) {
        assert.throws(() => loadConfig({ [name]: value }), new RegExp(`^ConfigError: [^]*\\n  ${name}: `), value);
      }
    });
  }

  it('takes a DEPLOYMENT_ID that can begin a build id only, where versioning is on', () => {
    const TEMPORAL_DEPLOYMENT_NAME = 'bridge';
    assert.equal(loadConfig({ TEMPORAL_DEPLOYMENT_NAME, DEPLOYMENT_ID: 'r_1-a' }).DEPLOYMENT_ID, 'r_1-a');
    for (const DEPLOYMENT_ID of ["it's", 'a"b', '1.2', 'a:b', '-a']) {
      assert.doesNotThrow(() => loadConfig({ DEPLOYMENT_ID }));
      assert.throws(
        () => loadConfig({ TEMPORAL_DEPLOYMENT_NAME, DEPLOYMENT_ID }),
        /^ConfigError: [^]*\n {2}DEPLOYMENT_ID: expected 1 to 200 letters, digits/,
      );
    }
  });

  it('takes false for false', () => {
    const names = ['KAFKA_ENABLE_DLQ', 'RECOVERY_PAUSED', 'DLQ_LETTERS_PASS'] as const;
    for (const name of names) {
      assert.equal(loadConfig({ [name]: 'false' })[name], false, name);
      assert.equal(loadConfig({ [name]: 'true' })[name], true, name);
    }
    assert.equal(loadConfig({ ENABLE_INTENT_PUBLISHER: 'false' }).ENABLE_INTENT_PUBLISHER, 0);
  });

  it('makes the database URL from PG* when there is no DATABASE_URL', () => {
    const parts = { PGHOST: 'db', PGPORT: '5433', PGUSER: 'me@here', PGPASSWORD: 'p/w', PGDATABASE: 'bridge' };
    const urlOf = (env: NodeJS.ProcessEnv) => postgresEndpoint(loadConfig(env))?.url;
    assert.equal(urlOf(parts), 'postgres://me%40here@db:5433/bridge');
    assert.equal(urlOf({ ...parts, DATABASE_URL: 'postgres://other/db' }), 'postgres://other/db');
  });

  it('takes a list of brokers, and an empty variable as unset', () => {
    assert.deepEqual(loadConfig({ KAFKA_BOOTSTRAP_SERVERS: 'a:1, b:2,' }).KAFKA_BOOTSTRAP_SERVERS, ['a:1', 'b:2']);
    assert.equal(loadConfig({ PORT: '' }).PORT, 8080);
  });

  it('has the address of Temporal for a client, also where other variables cannot be used', () => {
    assert.deepEqual(temporalSettings({ TEMPORAL_ADDRESS: 'host:1', TEMPORAL_NAMESPACE: '', PORT: 'http' }), {
      TEMPORAL_ADDRESS: 'host:1',
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_TASK_QUEUE: 'bridge-store-effect',
      temporal: {},
    });
  });

  it('takes no request time-out with which a publish could outlive its activity attempt', () => {
    assert.equal(publishDeadlineMs(loadConfig({})), 65_000);
    assert.equal(publishDeadlineMs(loadConfig({ KAFKA_TIMEOUT_SECONDS: '35' })), 75_000);
  });

  it('takes no time-outs of PostgreSQL that do not fit into an attempt together', () => {
    const given = (checkout: string, statement: string) =>
      loadConfig({ PG_CHECKOUT_TIMEOUT_MS: checkout, PG_STATEMENT_TIMEOUT_MS: statement });
    given('60000', '20000');
    given('5000', '75000');
    assert.throws(() => given('60000', '20001'), {
      name: 'ConfigError',
      message:
        'the environment cannot be used:\n' +
        '  wait for a connection (`PG_CHECKOUT_TIMEOUT_MS`), transaction: expected at most 85000 ms together ' +
        '(work of an attempt at one store), got 85001',
    });
  });

  it('names every variable that cannot be used', () => {
    assert.throws(
      () => loadConfig({ PORT: 'http', PG_POOL_MAX: '0', KAFKA_TOPIC_PREFIX: 'a b' }),
      (error: unknown) =>
        error instanceof ConfigError &&
        [
          'PORT: expected a number, got string "http"',
          'PG_POOL_MAX: expected at least 1, got string "0"',
          'KAFKA_TOPIC_PREFIX: expected letters, digits, dots, dashes or underscores, got string "a b"',
        ].every((line) => error.message.split('\n  ').includes(line)),
    );
    assert.throws(() => loadConfig({ KAFKA_COMPRESSION: 'snappy', ENABLE_INTENT_PUBLISHER: 'yes' }), {
      message:
        'the environment cannot be used:\n' +
        '  KAFKA_COMPRESSION: expected one of none, gzip, lz4, got string "snappy"\n' +
        '  ENABLE_INTENT_PUBLISHER: expected true, false or 0 to 100, got string "yes"',
    });
  });

  it('refuses a secret that is given as a value and as a file, and shows neither', () => {
    assert.throws(() => loadConfig({ CODEC_SERVER_TOKEN: 'word', CODEC_SERVER_TOKEN_FILE: '/token' }), {
      name: 'ConfigError',
      message:
        'the environment cannot be used:\n  CODEC_SERVER_TOKEN, CODEC_SERVER_TOKEN_FILE: expected one of them, got both',
    });
    assert.equal(loadConfig({ CODEC_SERVER_TOKEN: 'word', CODEC_SERVER_TOKEN_FILE: '' }).CODEC_SERVER_TOKEN, 'word');
  });
});
