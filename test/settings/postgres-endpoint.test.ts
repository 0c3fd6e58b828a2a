import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseEndpoint, loadConfig } from '../../src/config.js';
import { addressOf } from '../../src/endpoints.js';
import { postgresEndpoint } from '../../src/settings/postgres-endpoint.js';

describe('the endpoint of PostgreSQL', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'endpoint-'));
  });
  after(() => rm(folder, { recursive: true }));
  const fileOf = async (text: string): Promise<string> => {
    const path = join(folder, 'secret');
    await writeFile(path, text);
    return path;
  };

  const URL_OF = 'postgres://me:word@db/bridge';
  const endpoint = (env: NodeJS.ProcessEnv) => postgresEndpoint(loadConfig(env));
  /** Returns what the endpoint says of TLS, with the sources of its files. */
  const tls = (env: NodeJS.ProcessEnv) => {
    const { mode, ca, cert, key } = endpoint(env)?.tls ?? {};
    return [mode, ca?.source, cert?.source, key?.source].filter((part) => part !== undefined);
  };

  it('is null as long as nobody names a server', () => {
    assert.equal(endpoint({ PGSSLMODE: 'verify-full', PGPASSWORD: 'x' }), null);
    assert.throws(() => databaseEndpoint(undefined, {}), /DATABASE_URL: expected the URL of the database, got none/);
  });

  it('is as before where nothing is said of TLS', () => {
    assert.deepEqual(endpoint({ DATABASE_URL: URL_OF }), { url: URL_OF, source: 'DATABASE_URL', pooler: 'none' });
    const parts = { PGHOST: '/run/postgresql', PGUSER: 'me@here', PGDATABASE: 'a b' };
    assert.deepEqual(endpoint(parts), {
      url: 'postgres://me%40here@%2Frun%2Fpostgresql:5432/a%20b',
      ...{ source: 'PGHOST', pooler: 'none' },
    });
  });

  const ca = { PGSSLROOTCERT: '/ca.pem' };
  const same: readonly (readonly [NodeJS.ProcessEnv, string, readonly string[]])[] = [
    [{ PGSSLMODE: 'disable' }, 'sslmode=disable', []],
    [{ PGSSLMODE: 'REQUIRE' }, 'sslmode=Require', ['require']],
    [{ PGSSLMODE: 'require', ...ca }, 'sslmode=require&sslrootcert=/ca.pem', ['verify-ca', 'CA']],
    [{ PGSSLMODE: 'verify-ca', ...ca }, 'sslmode=verify-ca&sslrootcert=/ca.pem', ['verify-ca', 'CA']],
    [{ PGSSLMODE: 'verify-full' }, 'ssl=true', ['verify-full']],
    [{ PGSSLMODE: 'verify-full', PGSSLROOTCERT: 'system' }, 'sslmode=verify-full&sslrootcert=system', ['verify-full']],
    [
      { PGSSLMODE: 'verify-full', ...ca, PGSSLCERT: '/c', PGSSLKEY: '/k' },
      'sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c&sslkey=/k&uselibpqcompat=true',
      ['verify-full', 'CA', 'CERT', 'KEY'],
    ],
  ];
  const BY_VARIABLE: Record<string, string> = { CA: 'PGSSLROOTCERT', CERT: 'PGSSLCERT', KEY: 'PGSSLKEY' };
  const BY_PARAMETER: Record<string, string> = { CA: 'sslrootcert', CERT: 'sslcert', KEY: 'sslkey' };
  for (const [variables, parameters, expected] of same) {
    it(`means the same by variables and by ${parameters}`, () => {
      assert.deepEqual(
        tls({ DATABASE_URL: URL_OF, ...variables }),
        expected.map((one) => BY_VARIABLE[one] ?? one),
      );
      const inUrl = endpoint({ DATABASE_URL: `${URL_OF}?${parameters}&application_name=me` });
      assert.deepEqual(
        tls({ DATABASE_URL: `${URL_OF}?${parameters}` }),
        expected.map((one) => (BY_PARAMETER[one] === undefined ? one : `${BY_PARAMETER[one]} in DATABASE_URL`)),
      );
      assert.equal(inUrl?.url, `${URL_OF}?application_name=me`, 'the driver reads nothing of TLS');
    });
  }

  const refused: readonly (readonly [NodeJS.ProcessEnv, RegExp])[] = [
    [
      { PGSSLMODE: 'prefer' },
      /PGSSLMODE: expected one of disable, require, verify-ca, verify-full, got string "prefer"/,
    ],
    [{ DATABASE_URL: `${URL_OF}?sslmode=allow` }, /sslmode in DATABASE_URL: expected disable, .* got allow/],
    [{ DATABASE_URL: `${URL_OF}?sslmode=disable&sslmode=verify-full` }, /sslmode in DATABASE_URL: expected once/],
    [{ DATABASE_URL: `${URL_OF}?SSLMODE=verify-full` }, /SSLMODE in DATABASE_URL: expected one of sslmode/],
    [{ DATABASE_URL: `${URL_OF}?ssl=no-verify` }, /ssl in DATABASE_URL: expected sslmode instead, got no-verify/],
    [{ DATABASE_URL: `${URL_OF}?sslcrl=x` }, /sslcrl in DATABASE_URL: expected one of sslmode, /],
    [
      { DATABASE_URL: `${URL_OF}?sslmode=require`, PGSSLMODE: 'verify-full' },
      /PGSSLMODE: expected require, as sslmode in DATABASE_URL, got verify-full/,
    ],
    [{ ...ca }, /PGSSLROOTCERT: expected PGSSLMODE=verify-full beside it, got no PGSSLMODE/],
    [{ ...ca, PGSSLMODE: 'disable' }, /PGSSLROOTCERT: expected PGSSLMODE=verify-full beside it, got disable/],
    [{ PGSSLMODE: 'verify-full', PGSSLCERT: '/c' }, /PGSSLCERT: expected PGSSLKEY beside it, got none/],
    [{ PGSSLMODE: 'verify-full', PGSSLKEY: '/k' }, /PGSSLKEY: expected PGSSLCERT beside it, got none/],
    [{ PGSSLMODE: 'verify-ca' }, /PGSSLMODE: expected PGSSLROOTCERT beside verify-ca/],
    [
      { PGSSLMODE: 'verify-ca', PGSSLROOTCERT: 'system' },
      /PGSSLROOTCERT: expected PGSSLMODE=verify-full beside "system"/,
    ],
    [{ PGPASSWORD: 'secret', PGPASSWORD_FILE: '/p' }, /PGPASSWORD, PGPASSWORD_FILE: expected one of them, got both/],
    [{ DATABASE_URL_FILE: '/p' }, /DATABASE_URL, DATABASE_URL_FILE: expected one of them, got both/],
    [
      { DATABASE_URL: undefined, DATABASE_URL_FILE: '/none/url' },
      /DATABASE_URL_FILE: expected a file that can be read, got \/none\/url/,
    ],
    [{ PG_POOLER: 'session' }, /PG_POOLER: expected one of none, transaction, got string "session"/],
    [
      { MIGRATION_DATABASE_URL: 'jdbc:postgresql://me:secret@db/x' },
      /MIGRATION_DATABASE_URL: expected a URL .*jdbc:postgresql:\/\/me:\*\*\*@db/,
    ],
  ];
  for (const [env, message] of refused) {
    it(`is refused with ${JSON.stringify(env)}`, () => {
      assert.throws(
        () => loadConfig({ DATABASE_URL: URL_OF, ...env }),
        (error: Error) => {
          assert.equal(error.name, 'ConfigError');
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        },
      );
    });
  }

  it('reads a password in a file again, also beside a URL without one', async () => {
    const PGPASSWORD_FILE = await fileOf('one\n');
    for (const env of [{ PGHOST: 'db' }, { DATABASE_URL: 'postgres://me@db/bridge' }]) {
      await fileOf('one\n');
      const login = endpoint({ ...env, PGPASSWORD_FILE })?.login;
      assert.equal(login?.source, 'PGPASSWORD_FILE');
      assert.deepEqual(await login.read(), { password: 'one' });
      await fileOf('two');
      assert.deepEqual(await login.read(), { password: 'two' });
    }
  });

  it('reads the user and the password of a URL in a file again, and keeps its host', async () => {
    const DATABASE_URL_FILE = await fileOf('postgresql+asyncpg://me:w%2Ford@db:5433/bridge\n');
    const found = endpoint({ DATABASE_URL_FILE });
    assert.equal(addressOf(found!), 'db:5433');
    assert.deepEqual(await found?.login?.read(), { user: 'me', password: 'w/ord' });
    await fileOf('postgres://you:other@elsewhere/bridge');
    assert.deepEqual(await found?.login?.read(), { user: 'you', password: 'other' });
    await fileOf('postgres//secret');
    await assert.rejects(
      async () => found?.login?.read(),
      (error: Error) => {
        assert.match(`${error.name}: ${error.message}`, /^SecretError: DATABASE_URL_FILE: expected a URL/);
        return !error.message.includes('secret');
      },
    );
    assert.throws(() => endpoint({ DATABASE_URL_FILE }), /ConfigError.*\n {2}DATABASE_URL_FILE: expected a URL/);
  });

  it('has another for migrations, with the same TLS', () => {
    const found = endpoint({
      ...{ DATABASE_URL: URL_OF, MIGRATION_DATABASE_URL: 'postgres://owner@direct/bridge' },
      ...{ PGSSLMODE: 'verify-full', PG_POOLER: 'Transaction', PGPASSWORD: 'word' },
    });
    assert.equal(found?.pooler, 'transaction');
    const { migration } = found;
    assert.deepEqual(
      [migration?.url, migration?.source, migration?.tls?.mode, migration?.login?.source, migration?.pooler],
      ['postgres://owner@direct/bridge', ...['MIGRATION_DATABASE_URL', 'verify-full', 'PGPASSWORD', undefined]],
    );
  });

  it("is a router's by its URL and the variables beside it", () => {
    const env = { DATABASE_URL: 'postgres://other/x', PG_POOLER: 'transaction', PORT: 'http', PGSSLMODE: 'require' };
    const { url, pooler, tls: encryption } = databaseEndpoint(URL_OF, env);
    assert.deepEqual([url, pooler, encryption?.mode], [URL_OF, 'transaction', 'require']);
    assert.equal(databaseEndpoint(undefined, env).url, 'postgres://other/x');
  });
});
