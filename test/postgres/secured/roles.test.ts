/** These tests log in as the roles that `bridge setup --print-roles` creates, and do all that each role has to do. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config.js';
import { createPool, endPool, type Pool } from '../../../src/postgres/core/pool.js';
import { cutOver } from '../../../src/postgres/schema/cut-over.js';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { missingRights, WORKER_RIGHTS, WORKER_SEQUENCES } from '../../../src/postgres/schema/roles.js';
import { postgresEndpoint } from '../../../src/settings/postgres-endpoint.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { type SecuredPostgres, startSecuredPostgres } from '../../support/secured-postgres.js';
import { MIGRATIONS } from '../support.js';
import { operationsOf } from './operations.js';

describe('the printed roles', function () {
  this.timeout(60_000);
  const DATABASE = 'roles';
  let server: SecuredPostgres;
  let pool: Pool;
  let printed: string;

  const endpoint = (user: string) =>
    postgresEndpoint(
      loadConfig({
        DATABASE_URL: server.url(DATABASE, user, 'word'),
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: server.certificates.ca.certFile,
      }),
    )!;

  before(async () => {
    server = await startSecuredPostgres();
    await server.admin(`CREATE DATABASE ${DATABASE}`);
    const run = await bridgeHere(['setup', '--print-roles'], {
      ...process.env,
      DATABASE_URL: server.url(DATABASE),
      KAFKA_TOPIC_PREFIX: 'my.events',
    });
    assert.equal(run.code, 0, run.stderr);
    printed = run.stdout;
    await server.admin(printed, DATABASE);
    for (const role of ['bridge_worker', 'bridge_migrator']) await server.admin(`ALTER ROLE ${role} PASSWORD 'word'`);
    const { applied } = await migrate(endpoint('bridge_migrator'), { dir: MIGRATIONS });
    assert.ok(applied.length > 0);
    await server.admin(printed, DATABASE);
    pool = createPool({ ...endpoint('bridge_worker'), min: 0, max: 2 }, () => undefined);
  });
  after(async () => {
    await endPool(pool);
    await server.stop();
  });

  /** Does all operations, and returns those that failed with their reasons. */
  const failures = async (): Promise<string[]> => {
    const failed: string[] = [];
    for (const [name, operation] of Object.entries(operationsOf(pool))) {
      await operation().catch((error: unknown) => failed.push(`${name}: ${String(error)}`));
    }
    return failed;
  };

  it('hold no password and no right of the superuser', () => {
    assert.ok(!printed.includes(server.password));
    assert.doesNotMatch(printed, /SUPERUSER|PASSWORD '/);
  });

  it('are the migrator, who owns the tables, and a worker, who does all that workers, commands and routers do', async () => {
    const owners = await server.admin<{ owner: string }>(
      `SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = 'public'`,
      DATABASE,
    );
    assert.deepEqual(owners, [{ owner: 'bridge_migrator' }]);
    assert.deepEqual(await failures(), []);
    const migrator = createPool({ ...endpoint('bridge_migrator'), min: 0 }, () => undefined);
    assert.deepEqual(await cutOver(migrator), { moved: 0 });
    await endPool(migrator);
  });

  it('have the rights of the list, and no others', async () => {
    const granted = await server.admin<{ name: string; rights: string }>(
      `SELECT c.relname AS name, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS rights
       FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
       WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 'bridge_worker'::regrole GROUP BY 1 ORDER BY 1`,
      DATABASE,
    );
    const listed = Object.entries({ ...WORKER_RIGHTS, ...WORKER_SEQUENCES })
      .map(([name, rights]) => ({ name, rights: [...rights].sort().join(', ') }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    assert.deepEqual(granted, listed);
  });

  it('need each of those rights: without any one of them something of a worker fails', async () => {
    const needless: string[] = [];
    for (const [name, rights] of Object.entries({ ...WORKER_RIGHTS, ...WORKER_SEQUENCES })) {
      for (const right of rights) {
        await server.admin(`REVOKE ${right} ON ${name} FROM bridge_worker`, DATABASE);
        assert.deepEqual(await missingRights(pool), [`${right} ON ${name}`]);
        const failed = await failures();
        if (!failed.some((one) => one.includes('permission denied'))) needless.push(`${right} ON ${name}`);
        await server.admin(`GRANT ${right} ON ${name} TO bridge_worker`, DATABASE);
      }
    }
    assert.deepEqual(needless, BESIDE_LEGACY);
    assert.deepEqual(await failures(), []);
  });

  it('can use a table that a later migration of the migrator adds', async () => {
    const migrator = createPool({ ...endpoint('bridge_migrator'), min: 0 }, () => undefined);
    await migrator.query('CREATE TABLE later (id BIGINT GENERATED ALWAYS AS IDENTITY, word TEXT)');
    await endPool(migrator);
    await pool.query(`INSERT INTO later (word) VALUES ('x')`);
    assert.deepEqual((await pool.query('SELECT word FROM later')).rows, [{ word: 'x' }]);
  });

  it('come with the commands of Kafka, with its topics and its group', () => {
    const acls = printed.split('\n').filter((line) => line.startsWith('-- kafka-acls.sh'));
    const of = (principal: string) => acls.filter((line) => line.includes(`User:${principal} `));
    assert.deepEqual(
      ['bridge_migrator', 'bridge_worker', 'bridge_intake', 'bridge_client'].map((principal) => of(principal).length),
      [1, 3, 3, 1],
    );
    assert.match(
      of('bridge_migrator')[0]!,
      /--operation Create .*--resource-pattern-type prefixed --topic 'my\.events\.reducer\.events\.'$/,
    );
    assert.match(of('bridge_intake').at(-1)!, /--operation Read --group 'bridge-store-effect-intake-my\.events'$/);
    assert.match(of('bridge_client')[0]!, /--topic 'my\.events\.reducer\.events\.intent_emitted'$/);
  });
});

/** Rights that are needed beside legacy writers only, whose rows a trigger takes over (ADR 0002). */
const BESIDE_LEGACY = ['DELETE ON bridge_states'];
