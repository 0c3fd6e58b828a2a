/** In these tests the login of a pool changes under load, and a file follows later. Nothing is restarted. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../src/config.js';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { createPool, endPool, withConnection } from '../../../src/postgres/core/pool.js';
import { postgresEndpoint } from '../../../src/settings/postgres-endpoint.js';
import { type SecuredPostgres, startSecuredPostgres } from '../../support/secured-postgres.js';

describe('a login in a file', function () {
  this.timeout(60_000);
  let server: SecuredPostgres;
  let file: string;
  before(async () => {
    server = await startSecuredPostgres();
    file = join(server.folder, 'secret');
    await server.admin(`CREATE ROLE one LOGIN PASSWORD 'first'; CREATE ROLE two LOGIN PASSWORD 'second';
      CREATE TABLE done (n integer); GRANT INSERT ON done TO one, two`);
  });
  after(() => server.stop());

  const urlOf = (user: string, password: string) => server.url('postgres', user, password);
  const ways: readonly {
    readonly what: string;
    readonly variables: () => Record<string, string>;
    readonly first: () => string;
    /** SQL that makes the first login useless, and the login that follows. */
    readonly change: string;
    readonly next: () => string;
    readonly user: string;
  }[] = [
    {
      what: 'a password',
      variables: () => ({ DATABASE_URL: `postgres://one@localhost:${server.port}/postgres`, PGPASSWORD_FILE: file }),
      first: () => 'first\n',
      change: `ALTER ROLE one PASSWORD 'changed'`,
      next: () => 'changed\n',
      user: 'one',
    },
    {
      what: 'a URL, with another user',
      variables: () => ({ DATABASE_URL_FILE: file }),
      first: () => urlOf('one', 'changed'),
      change: 'ALTER ROLE one NOLOGIN',
      next: () => urlOf('two', 'second'),
      user: 'two',
    },
  ];
  for (const { what, variables, first, change, next, user } of ways) {
    it(`is read again for each new connection: ${what}`, async () => {
      await server.admin('TRUNCATE done');
      await writeFile(file, first());
      const tls = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: server.certificates.ca.certFile };
      const endpoint = postgresEndpoint(loadConfig({ ...variables(), ...tls }))!;
      const pool = createPool({ ...endpoint, min: 0, max: 5 }, () => undefined);
      let [sent, over, refused] = [0, false, 0];
      const end = performance.now() + 15_000;
      /** Inserts a row at a time, and tries again what is unavailable, as an activity is tried again. */
      const insert = async (): Promise<void> => {
        while (!over) {
          const n = (sent += 1);
          for (let inserted = false; !inserted;) {
            try {
              await withConnection(pool, (one) => one.query('INSERT INTO done VALUES ($1)', [n]));
              inserted = true;
            } catch (error) {
              if (!(error instanceof EffectError) || error.failureClass !== 'unavailable') throw error;
              if (performance.now() > end) throw error;
              refused += 1;
              await sleep(50);
            }
          }
          await sleep(5);
        }
      };
      const callers = Array.from({ length: 10 }, insert);
      await sleep(500);
      await server.admin(change);
      await server.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'one'`);
      await sleep(2_000);
      await writeFile(file, next());
      await sleep(1_000);
      over = true;
      await Promise.all(callers).catch(async (error: unknown) => {
        await Promise.allSettled([...callers, endPool(pool)]);
        throw error;
      });
      const [{ count } = { count: 0 }] = await server.admin<{ count: number }>(
        'SELECT count(DISTINCT n)::int AS count FROM done',
      );
      assert.equal(count, sent);
      assert.ok(refused > 0, 'the login of before was refused');
      const users = await server.admin<{ usename: string }>(
        `SELECT DISTINCT usename FROM pg_stat_activity WHERE usename IN ('one', 'two')`,
      );
      assert.deepEqual(users, [{ usename: user }]);
      await endPool(pool);
    });
  }
});
