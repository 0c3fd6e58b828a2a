/**
 * In these tests a worker runs as its own role on a PostgreSQL that talks TLS only, behind PgBouncer and past it. Its
 * password changes while lists run.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Intent, IntentsReport } from '../../../src/client/index.js';
import { stackOptions } from '../../../src/cli/context.js';
import { loadConfig } from '../../../src/config.js';
import { topicOf } from '../../../src/domain/events/event-types.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';
import { type PgBouncer, startPgBouncer, WITHOUT_PGBOUNCER } from '../../support/pgbouncer.js';
import { readRecords } from '../../support/records.js';
import { type SecuredPostgres, startSecuredPostgres } from '../../support/secured-postgres.js';

const LISTS = 200;

describe('a worker on a secured PostgreSQL', function () {
  this.timeout(120_000);
  let server: SecuredPostgres;
  let pooler: PgBouncer | undefined;
  let passwordFile: string;

  /** Creates a database with its roles. @returns the variables of both roles. */
  const prepare = async (database: string): Promise<Record<string, string>> => {
    await server.createWithRoles(database, 'word');
    return {
      DATABASE_URL: `postgres://bridge_worker@localhost:${server.port}/${database}`,
      MIGRATION_DATABASE_URL: server.url(database, 'bridge_migrator', 'word'),
      PGPASSWORD_FILE: passwordFile,
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: server.certificates.ca.certFile,
    };
  };

  /** Executes lists of all intent types, 20 at a time, as long as it `goesOn`. */
  const execute = async ({ client }: Environment, goesOn: (count: number) => boolean) => {
    const done: { readonly bridge: string; readonly workflow: string; readonly report: IntentsReport }[] = [];
    let count = 0;
    const caller = async (): Promise<void> => {
      while (goesOn(count)) {
        count += 1;
        const [bridge, workflow] = [randomUUID(), randomUUID()];
        const intents: Intent[] = [
          persistState({ aggregation_id: bridge }),
          persistFsmTransition({ workflow_id: workflow }),
          publishEvent({ aggregation_id: bridge }),
          recoverFsmStates({ request_all_workflows: true, limit: 5 }),
        ];
        done.push({ bridge, workflow, report: await client.executeIntents(intents) });
      }
    };
    await Promise.all(Array.from({ length: 20 }, caller));
    return done;
  };

  /** Checks that each list had its effects once, in its rows and on its topic. */
  const assertExact = async (environment: Environment, done: Awaited<ReturnType<typeof execute>>): Promise<void> => {
    const database = new URL(environment.endpoints.postgres.url).pathname.slice(1);
    const failed = done.filter(({ report }) => report.outcome !== 'completed');
    assert.deepEqual(
      failed.map(({ report }) => report.results.map(({ error }) => error)),
      [],
    );
    const states = await server.admin<{ bridge: string; items: string }>(
      'SELECT bridge_id AS bridge, total_items_aggregated AS items FROM bridge_states ORDER BY 1',
      database,
    );
    assert.deepEqual(
      states,
      done.map(({ bridge }) => ({ bridge, items: '100' })).sort((a, b) => (a.bridge < b.bridge ? -1 : 1)),
    );
    const transitions = await server.admin<{ workflow: string }>(
      'SELECT entity_id AS workflow FROM fsm_transitions ORDER BY 1',
      database,
    );
    assert.deepEqual(
      transitions.map(({ workflow }) => workflow),
      done.map(({ workflow }) => workflow).sort(),
    );
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'AGGREGATION_STARTED');
    const records = await readRecords(environment.endpoints.kafka, [topic], { expect: done.length });
    const published = records.map(
      ({ value }) => (JSON.parse(value ?? '') as { payload: { aggregation_id: string } }).payload.aggregation_id,
    );
    assert.deepEqual([...new Set(published)].sort(), done.map(({ bridge }) => bridge).sort());
  };

  before(async () => {
    server = await startSecuredPostgres();
    passwordFile = join(server.folder, 'worker-password');
    await writeFile(passwordFile, 'word\n');
  });
  after(async () => {
    await pooler?.stop();
    await server.stop();
  });

  if (!WITHOUT_PGBOUNCER) {
    it(`executes ${LISTS} lists of all intent types through PgBouncer, verify-full on both sides`, async () => {
      const direct = await prepare('pooled');
      pooler = await startPgBouncer(server, { bridge_worker: 'word' }, stackOptions(loadConfig()).cacheDir);
      const environment = await createEnvironment({
        env: {
          ...direct,
          DATABASE_URL: `postgres://bridge_worker@localhost:${pooler.port}/pooled`,
          PG_POOLER: 'transaction',
        },
      });
      try {
        const done = await execute(environment, (count) => count < LISTS);
        assert.equal(done.length, LISTS);
        await assertExact(environment, done);
      } finally {
        await environment.close();
      }
    });
  }

  it('fails nothing while its password changes and the file follows seconds later, without a restart', async () => {
    const environment = await createEnvironment({
      env: { ...(await prepare('rotated')), PG_BREAKER_OPEN_SECONDS: '1', PG_POOL_MAX: '5' },
      except: { once: 'an event whose ledger row was cut off is published again, under its one id' },
    });
    try {
      let phase: 'before' | 'between' | 'after' = 'before';
      let after = 0;
      const rotation = (async () => {
        await sleep(2_000);
        await server.admin(`ALTER ROLE bridge_worker PASSWORD 'next'`);
        phase = 'between';
        // Connections that are open stay; these end, so that the worker has to connect with the password of before.
        await server.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bridge_worker'`);
        await sleep(4_000);
        await writeFile(passwordFile, 'next\n');
        phase = 'after';
      })();
      const done = await execute(environment, () => phase !== 'after' || (after += 1) <= 40);
      await rotation;
      await assertExact(environment, done);
      const { port } = new URL(`http://127.0.0.1:${environment.worker?.httpPort ?? 0}`);
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const refused = Number(/^store_logins_refused_total\{store="postgres"\} (\d+)$/m.exec(metrics)?.[1]);
      assert.ok(refused > 0, 'the password of before was refused');
    } finally {
      await environment.close();
    }
  });
});
