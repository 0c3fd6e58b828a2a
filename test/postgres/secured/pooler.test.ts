/** These tests reach PostgreSQL through PgBouncer in transaction mode, with TLS on both sides. */
import assert from 'node:assert/strict';
import type pg from 'pg';
import { stackOptions } from '../../../src/cli/context.js';
import { loadConfig } from '../../../src/config.js';
import { isRefusedLogin } from '../../../src/domain/failures/failure-table.js';
import { createPool, endPool, type Pool, withConnection, withTransaction } from '../../../src/postgres/core/pool.js';
import { withClient } from '../../../src/postgres/core/client.js';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { postgresEndpoint } from '../../../src/settings/postgres-endpoint.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { type PgBouncer, startPgBouncer, WITHOUT_PGBOUNCER } from '../../support/pgbouncer.js';
import { type SecuredPostgres, startSecuredPostgres } from '../../support/secured-postgres.js';
import { MIGRATIONS } from '../support.js';
import { operationsOf } from './operations.js';

function poolerTests(this: Mocha.Suite): void {
  this.timeout(60_000);
  let server: SecuredPostgres;
  let pooler: PgBouncer;
  let env: Record<string, string>;
  const pools: Pool[] = [];

  const endpoint = (changed: Record<string, string> = {}) => postgresEndpoint(loadConfig({ ...env, ...changed }))!;
  const poolOf = (options: object = {}, changed: Record<string, string> = {}): Pool => {
    const pool = createPool({ ...endpoint(changed), min: 0, ...options }, () => undefined);
    pools.push(pool);
    return pool;
  };

  before(async () => {
    server = await startSecuredPostgres();
    await server.admin(`CREATE ROLE owner_role LOGIN PASSWORD 'word' CREATEDB`);
    pooler = await startPgBouncer(server, { owner_role: 'word' }, stackOptions(loadConfig()).cacheDir);
    env = {
      DATABASE_URL: pooler.url('pooled', 'owner_role', 'word'),
      MIGRATION_DATABASE_URL: server.url('pooled', 'owner_role', 'word'),
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: server.certificates.ca.certFile,
      PG_POOLER: 'transaction',
    };
    await migrate(endpoint().migration!, { dir: MIGRATIONS });
  });
  afterEach(() => Promise.all(pools.splice(0).map((pool) => endPool(pool))));
  after(async () => {
    await pooler.stop();
    await server.stop();
  });

  it('does all that a worker, the commands and a router do', async () => {
    const pool = poolOf();
    for (const [name, operation] of Object.entries(operationsOf(pool))) await assert.doesNotReject(operation, name);
  });

  it('says what to set when it refuses the time-outs of a connection', async () => {
    const pool = poolOf({}, { PG_POOLER: 'none' });
    await assert.rejects(
      withConnection(pool, (connection) => connection.query('SELECT 1')),
      {
        failureClass: 'unavailable',
        message:
          `PostgreSQL: localhost:${pooler.port} is a pooler that keeps no session (PG_POOLER=transaction): ` +
          'unsupported startup parameter: statement_timeout',
      },
    );
  });

  it('says that it asks for TLS', async () => {
    const { PGSSLMODE: _mode, PGSSLROOTCERT: _ca, ...plain } = env;
    await assert.rejects(
      withClient(postgresEndpoint(loadConfig(plain))!, () => Promise.resolve()),
      {
        message: `PostgreSQL: localhost:${pooler.port} asks for TLS (PGSSLMODE)`,
      },
    );
  });

  it('says that it refuses a password, as the server does', async () => {
    const wrong = { DATABASE_URL: pooler.url('pooled', 'owner_role', 'wrong') };
    await assert.rejects(
      withClient(endpoint(wrong), () => Promise.resolve()),
      (error: Error) => {
        assert.equal(
          error.message,
          `PostgreSQL: localhost:${pooler.port} refuses the password of user owner_role (DATABASE_URL)`,
        );
        return isRefusedLogin(error);
      },
    );
  });

  it('has the server cancel a statement that hangs, alone or in a transaction', async () => {
    const pool = poolOf({ statementTimeoutMs: 300 });
    for (const run of [withConnection, withTransaction]) {
      const started = performance.now();
      await assert.rejects(
        run(pool, (tx) => tx.query('SELECT pg_sleep(20)')),
        { failureClass: 'transient', message: /57014/ },
      );
      assert.ok(performance.now() - started < 5_000);
    }
    assert.deepEqual(
      await server.admin(
        `SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND pid <> pg_backend_pid() AND state = 'active'`,
      ),
      [],
    );
  });

  it('has the server end a transaction whose client froze', async () => {
    const pool = poolOf({ statementTimeoutMs: 300 });
    await assert.rejects(
      withTransaction(pool, async (tx) => {
        await tx.query('LOCK TABLE executed_intents');
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await tx.query('SELECT 1');
      }),
      { failureClass: 'unavailable' },
    );
    await server.admin('LOCK TABLE executed_intents; SELECT 1', 'pooled');
  });

  it('keeps no time-out for the transaction that gets the session next', async () => {
    const short = poolOf({ statementTimeoutMs: 300 });
    await Promise.all(Array.from({ length: 20 }, () => withConnection(short, (one) => one.query('SELECT 1'))));
    const long = poolOf({ statementTimeoutMs: 20_000 });
    const timeOuts = await Promise.all(
      Array.from({ length: 20 }, () =>
        withConnection(
          long,
          async (one) =>
            (await one.query<{ t: string }>(`SELECT current_setting('statement_timeout') AS t`)).rows[0]?.t,
        ),
      ),
    );
    assert.deepEqual([...new Set(timeOuts)], ['20s']);
    // Statements that are no transaction of ours find the server's own.
    const bare = await withClient(endpoint(), (client) => client.query('SHOW statement_timeout'));
    assert.deepEqual(bare.rows, [{ statement_timeout: '0' }]);
  });

  it('costs a statement two round trips, and nothing where there is no pooler', async () => {
    const sentBy = async (pool: Pool): Promise<string[]> => {
      const sent: string[] = [];
      pool.once('connect', (client: pg.PoolClient) => {
        const query = client.query.bind(client) as (text: string) => unknown;
        Object.assign(client, { query: (text: string) => (sent.push(text), query(text)) });
      });
      await withConnection(pool, (connection) => connection.query('SELECT 1'));
      return sent;
    };
    const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED';
    const local = 'SET LOCAL statement_timeout = 300; SET LOCAL idle_in_transaction_session_timeout = 300';
    assert.deepEqual(await sentBy(poolOf({ statementTimeoutMs: 300 })), [`${begin}; ${local}`, 'SELECT 1', 'COMMIT']);
    const direct = { DATABASE_URL: env['MIGRATION_DATABASE_URL']!, PG_POOLER: 'none' };
    assert.deepEqual(await sentBy(poolOf({ statementTimeoutMs: 300 }, direct)), ['SELECT 1']);
  });

  it('is passed by for migrations, and setup says so where there is no way past it', async () => {
    const { MIGRATION_DATABASE_URL: _direct, ...without } = env;
    const run = await bridgeHere(['setup'], { ...process.env, ...without });
    assert.deepEqual(
      [run.code, run.stderr.trim()],
      [
        2,
        'bridge: MIGRATION_DATABASE_URL: expected the URL of PostgreSQL itself beside PG_POOLER=transaction, because migrations need a session',
      ],
    );
  });
}

if (!WITHOUT_PGBOUNCER) describe('PgBouncer', poolerTests);
