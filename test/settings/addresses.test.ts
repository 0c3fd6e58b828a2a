import assert from 'node:assert/strict';
import pg from 'pg';
import { StoreEffectClient } from '../../src/client/index.js';
import { loadConfig } from '../../src/config.js';
import { postgresEndpoint } from '../../src/settings/postgres-endpoint.js';

/** The reason that a message gives after the name of a variable. */
const because = (variable: string, reason: string) => ({
  name: 'ConfigError',
  message: `the environment cannot be used:\n  ${variable}: expected ${reason}`,
});
const URL_FORM = 'a URL postgres://user:password@host:port/database';
const ENCODED = `${URL_FORM} whose user and password are percent-encoded`;
const HOST = 'a host name, an IP address or the folder of a socket';

describe('the address of Temporal', () => {
  for (const [given, used] of [
    ['db.example:7000', 'db.example:7000'],
    ['db.example', 'db.example:7233'],
    ['db.example:65535', 'db.example:65535'],
    ['10.0.0.1', '10.0.0.1:7233'],
    ['[::1]', '[::1]:7233'],
    ['[2001:db8::1]:7000', '[2001:db8::1]:7000'],
    [' db.example:7000\r', 'db.example:7000'],
  ] as const) {
    it(`takes ${JSON.stringify(given)}`, () => {
      assert.equal(loadConfig({ TEMPORAL_ADDRESS: given }).TEMPORAL_ADDRESS, used);
    });
  }

  for (const given of [
    'https://db.example:7233',
    '::1',
    'db.example:0',
    'db.example:65536',
    'a:1,b:2',
    'db.example/',
  ]) {
    it(`refuses ${given}`, () => {
      const expected = 'host:port without a scheme, as in temporal.example.com:7233';
      assert.throws(
        () => loadConfig({ TEMPORAL_ADDRESS: given }),
        because('TEMPORAL_ADDRESS', `${expected}, got string "${given}"`),
      );
    });
  }

  it('is refused as an option of the client by the name of the option', async () => {
    await assert.rejects(StoreEffectClient.connect({ address: 'http://temporal:7233' }), {
      name: 'ConfigError',
      message: /^the option cannot be used:\n {2}address: expected host:port without a scheme/,
    });
    const kafka = { brokers: ['kafka:9092', 'http://kafka:9093'] };
    await assert.rejects(StoreEffectClient.connect({ kafka }), {
      name: 'ConfigError',
      message: /^the option cannot be used:\n {2}kafka\.brokers: expected .*: http is not supported, got string/,
    });
  });

  it('links to a Web UI with a scheme only', () => {
    for (const [given, used] of [
      ['https://ui.example/temporal/', 'https://ui.example/temporal'],
      ['http://ui.example:8233//', 'http://ui.example:8233'],
    ]) {
      assert.equal(loadConfig({ TEMPORAL_UI_URL: given }).TEMPORAL_UI_URL, used);
    }
    for (const given of ['ui.example:8233', 'javascript:alert(1)']) {
      assert.throws(
        () => loadConfig({ TEMPORAL_UI_URL: given }),
        because('TEMPORAL_UI_URL', `a URL http://host:port, got string "${given}"`),
      );
    }
  });
});

describe('the brokers of Kafka', () => {
  for (const [given, used] of [
    ['a:1', ['a:1']],
    ['a:1, b:2,', ['a:1', 'b:2']],
    ['a b:2', ['a:9092', 'b:2']],
    ['a:1 , b:2', ['a:1', 'b:2']],
    ['PLAINTEXT://a:1,plaintext://10.0.0.1', ['a:1', '10.0.0.1:9092']],
    ['ssl://a:1,b:2', ['a:1', 'b:2']],
  ] as const) {
    it(`takes ${given}`, () => {
      assert.deepEqual(loadConfig({ KAFKA_BOOTSTRAP_SERVERS: given }).KAFKA_BOOTSTRAP_SERVERS, used);
    });
  }

  for (const [given, reason] of [
    [' , ', 'at least one host:port'],
    ['SSL://a:1,PLAINTEXT://b:2', 'one protocol for all brokers'],
    ['a:1,http://b:2', 'host:port, or SASL_SSL://host:port: http is not supported'],
    ['[::1]:9092', 'a name or an IPv4 address: kafkajs takes no IPv6 address'],
    ['PLAINTEXT://[::1]:9092', 'a name or an IPv4 address: kafkajs takes no IPv6 address'],
    ['::1', 'host:port, several with commas'],
    ['a:many', 'host:port, several with commas'],
    ['a:1/topic', 'host:port, several with commas'],
  ] as const) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(
        () => loadConfig({ KAFKA_BOOTSTRAP_SERVERS: given }),
        because('KAFKA_BOOTSTRAP_SERVERS', `${reason}, got string ${JSON.stringify(given)}`),
      );
    });
  }
});

/** Returns where the driver would connect to. */
function targetOf(env: NodeJS.ProcessEnv) {
  const { host, port, user, database } = new pg.Client({
    connectionString: postgresEndpoint(loadConfig(env))?.url ?? '',
  });
  return [host, port, user, database].join(' ');
}

describe('the address of PostgreSQL', () => {
  for (const [given, target] of [
    ['postgres://me:secret@db:5433/bridge', 'db 5433 me bridge'],
    ['postgresql://me@db/bridge', 'db 5432 me bridge'],
    ['postgresql+asyncpg://me@db/bridge', 'db 5432 me bridge'],
    ['POSTGRESQL+psycopg2://me@db/bridge?application_name=x', 'db 5432 me bridge'],
    ['postgres://me@[::1]:5433/bridge', '::1 5433 me bridge'],
    ['postgres://me:p%2Fw%40@db/bridge', 'db 5432 me bridge'],
    ['postgres://me:p@w@db/bridge', 'db 5432 me bridge'],
    ['postgres://me@%2Frun%2Fpostgresql/bridge', '/run/postgresql 5432 me bridge'],
    ['postgres://me@/bridge?host=/run/postgresql', '/run/postgresql 5432 me bridge'],
    ['postgres:///bridge?host=/run/postgresql&port=5433&user=me', '/run/postgresql 5433 me bridge'],
    ['postgres://me@other/bridge?host=db', 'db 5432 me bridge'],
  ] as const) {
    it(`takes ${given}`, () => {
      assert.equal(targetOf({ DATABASE_URL: given }), target);
    });
  }

  for (const [given, reason] of [
    ['jdbc:postgresql://db/bridge', `${URL_FORM}, got one of JDBC: write it without "jdbc:"`],
    ['mysql://db/bridge', `${URL_FORM}: mysql: is another scheme`],
    ['host=db dbname=bridge', URL_FORM],
    ['bridge', URL_FORM],
    ['postgres:///bridge', HOST],
    ['postgres://a:5432,b:5432/bridge', 'one host: the driver connects to one only'],
    ['postgres://me@/bridge?host=a,b', 'one host: the driver connects to one only'],
    ['postgres://db:1/bridge?port=2', 'one port: the host has 1, and the port is 2'],
    ['postgres://db:http/bridge', HOST],
    ['postgres://d b/bridge', HOST],
    ['postgres://[1:2:3]x/bridge', HOST],
  ] as const) {
    it(`refuses ${given}`, () => {
      assert.throws(
        () => loadConfig({ DATABASE_URL: given }),
        because('DATABASE_URL', `${reason}, got string "${given}"`),
      );
    });
  }

  for (const given of ['postgres://me:1/w@db/bridge', 'postgres://me:1?w@db/bridge', 'postgres://me:1#w@db/bridge']) {
    it(`refuses ${given}, whose password the driver would take for an address, and does not show it`, () => {
      assert.throws(
        () => loadConfig({ DATABASE_URL: given }),
        because('DATABASE_URL', `${ENCODED}, got string "postgres://me:***@db/bridge"`),
      );
    });
  }

  for (const [host, port, target] of [
    ['db', undefined, 'db 5432 me bridge'],
    ['db', '5433', 'db 5433 me bridge'],
    ['db:5433', undefined, 'db 5433 me bridge'],
    ['db:5433', '5433', 'db 5433 me bridge'],
    ['::1', undefined, '::1 5432 me bridge'],
    ['[::1]:5433', undefined, '::1 5433 me bridge'],
    ['/run/postgresql', '5433', '/run/postgresql 5433 me bridge'],
    ['/run/postgresql:5433', undefined, '/run/postgresql 5433 me bridge'],
  ] as const) {
    it(`takes PGHOST=${host}, PGPORT=${port ?? ''}`, () => {
      const parts = { PGHOST: host, PGPORT: port, PGUSER: 'me', PGDATABASE: 'bridge' };
      assert.equal(targetOf(parts), target);
    });
  }

  for (const [host, reason, shown = host] of [
    ['a,b', 'one host: the driver connects to one only'],
    ['postgres://db', HOST],
    ['me@db', HOST, '***'],
    ['db/bridge', HOST],
  ] as const) {
    it(`refuses PGHOST=${host}`, () => {
      assert.throws(() => loadConfig({ PGHOST: host }), because('PGHOST', `${reason}, got string "${shown}"`));
    });
  }

  it('refuses two ports', () => {
    assert.throws(
      () => loadConfig({ PGHOST: 'db:5433', PGPORT: '5432' }),
      because('PGHOST', 'no other port than 5432 (PGPORT), got 5433'),
    );
  });
});

describe('words of the environment', () => {
  it('are taken in any case', () => {
    const config = loadConfig({
      ENVIRONMENT: 'Production',
      LOG_LEVEL: 'WARN',
      KAFKA_COMPRESSION: 'GZIP',
      BRIDGE_STACK_MODE: 'Native',
      DLQ_LETTERS_PASS: 'TRUE',
    });
    const { ENVIRONMENT, LOG_LEVEL, KAFKA_COMPRESSION, BRIDGE_STACK_MODE, DLQ_LETTERS_PASS } = config;
    assert.deepEqual(
      [ENVIRONMENT, LOG_LEVEL, KAFKA_COMPRESSION, BRIDGE_STACK_MODE, DLQ_LETTERS_PASS],
      ['production', 'warn', 'gzip', 'native', true],
    );
  });

  it('are refused with the list of those there are', () => {
    assert.throws(
      () => loadConfig({ ENVIRONMENT: 'prod' }),
      because('ENVIRONMENT', 'one of development, test, staging, production, got string "prod"'),
    );
  });
});
