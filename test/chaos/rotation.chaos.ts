/**
 * In this test the passwords of PostgreSQL and Kafka change while lists run. The files that the worker reads follow
 * 20 s later, as long as an operator or a secrets manager may take.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { givenEndpoints, stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { ListEmitter } from '../../src/client/list-emitter.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { until } from '../../src/flow-control/until.js';
import { stackDown, type StackOptions, stackUp } from '../../src/stack/index.js';
import { readTopic } from '../support/console-consumer.js';
import { createEnvironment } from '../support/environment.js';
import { persistState, publishEvent } from '../support/intents.js';
import { newTopic } from '../support/run.js';
import { PASSWORDS, type SecuredKafka, startSecuredKafka, USER } from '../support/secured-kafka.js';
import { allowInstallation, byScram, secretFile } from '../support/secured-login.js';
import { type SecuredPostgres, startSecuredPostgres } from '../support/secured-postgres.js';

/** Milliseconds from the change of the passwords to that of the files. */
const LATE_MS = 20_000;
const CALLERS = 10;
const DATABASE = 'rotated';

describe('passwords that change while lists run', function () {
  this.timeout(8 * 60_000);
  const { cacheDir } = stackOptions(loadConfig());
  let kafka: SecuredKafka;
  let postgres: SecuredPostgres;
  let stack: StackOptions;
  let address: string;
  before(async () => {
    kafka = await startSecuredKafka(cacheDir);
    postgres = await startSecuredPostgres();
    const tls = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: postgres.certificates.ca.certFile };
    const given = givenEndpoints(loadConfig({ DATABASE_URL: postgres.url('postgres'), ...tls, ...byScram(kafka) }));
    stack = { stateDir: join(postgres.folder, 'stack'), cacheDir, mode: 'native', namespace: 'default', given };
    ({ address } = (await stackUp(stack)).temporal);
  });
  after(async () => {
    await stackDown(stack);
    await kafka.remove();
    await postgres.stop();
  });

  it('fail nothing, and need no restart, when the files follow 20 s later', async () => {
    await postgres.createWithRoles(DATABASE, 'word');
    const prefix = newTopic();
    await allowInstallation(kafka, prefix);
    const environment = await createEnvironment({
      env: {
        ...byScram(kafka, { KAFKA_SASL_PASSWORD_FILE: await secretFile(kafka, 'kafka', PASSWORDS.scram) }),
        KAFKA_TOPIC_PREFIX: prefix,
        TEMPORAL_ADDRESS: address,
        DATABASE_URL: `postgres://bridge_worker@localhost:${postgres.port}/${DATABASE}`,
        MIGRATION_DATABASE_URL: postgres.url(DATABASE, 'bridge_migrator', 'word'),
        PGPASSWORD_FILE: await secretFile(kafka, 'postgres', 'word\n'),
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: postgres.certificates.ca.certFile,
      },
      intake: true,
      except: { once: 'under faults an event is promised at least once' },
    });
    const emitter = new ListEmitter({ ...environment.endpoints.kafka, topicPrefix: prefix });
    try {
      let over = false;
      const done: { readonly id: string; readonly outcome: string }[] = [];
      const caller = async (): Promise<void> => {
        while (!over) {
          const id = randomUUID();
          const list = [persistState({ aggregation_id: id }), publishEvent({ aggregation_id: id })];
          done.push({ id, outcome: (await environment.client.executeIntents(list)).outcome });
        }
      };
      const emitted: string[] = [];
      const emitting = async (): Promise<void> => {
        while (!over) {
          const request_id = randomUUID();
          const list = { request_id, intents: [persistState({ aggregation_id: request_id })] };
          // A list that was refused is emitted again, under its event id.
          await until(120_000, () => emitter.emit([list]));
          emitted.push(request_id);
          await sleep(200);
        }
      };
      const callers = Promise.all([emitting(), ...Array.from({ length: CALLERS }, caller)]);
      // Connections that are open stay. These end, so that the worker logs in with the passwords of before.
      const changes = {
        kafka: async () => {
          await kafka.setScramPassword(USER, 'next');
          await kafka.cut();
        },
        postgres: async () => {
          await postgres.admin(`ALTER ROLE bridge_worker PASSWORD 'next'`);
          await postgres.admin(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bridge_worker'`,
          );
        },
      };
      const several = async (): Promise<void> => {
        const before = done.length;
        await until(120_000, async () => {
          await Promise.resolve();
          assert.ok(done.length >= before + 3 * CALLERS, `${done.length - before} lists since`);
        });
      };
      try {
        // One store after the other: while PostgreSQL is away, nothing is published.
        for (const [store, change] of Object.entries(changes)) {
          await several();
          await change();
          await sleep(LATE_MS);
          await secretFile(kafka, store, 'next');
        }
        await several();
      } finally {
        over = true;
        await callers;
      }

      await until(60_000, async () => {
        const verdicts = await postgres.admin<{ id: string; outcome: string }>(
          `SELECT verdict ->> 'request_id' AS id, verdict ->> 'outcome' AS outcome FROM intake_verdicts`,
          DATABASE,
        );
        const expected = emitted.map((id) => ({ id, outcome: 'completed' }));
        const sorted = (rows: typeof verdicts) => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        assert.deepEqual(sorted(verdicts), sorted(expected));
      });
      assert.deepEqual(await postgres.admin('SELECT DISTINCT failure_reason FROM dead_letters', DATABASE), []);
      assert.deepEqual([...new Set(done.map(({ outcome }) => outcome))], ['completed']);
      const rows = await postgres.admin<{ id: string }>(
        'SELECT bridge_id AS id FROM bridge_states ORDER BY 1',
        DATABASE,
      );
      const ids = done.map(({ id }) => id).sort();
      assert.deepEqual(
        rows.map(({ id }) => id),
        [...ids, ...emitted].sort(),
      );
      const topic = topicOf(prefix, 'AGGREGATION_STARTED');
      const records = await readTopic({ kafka: { brokers: [kafka.plaintext] } }, cacheDir, topic);
      const published = records.map(
        ({ value }) => (JSON.parse(value ?? '') as { payload: { aggregation_id: string } }).payload.aggregation_id,
      );
      assert.deepEqual([...new Set(published)].sort(), ids);
      const metrics = await (await fetch(`http://127.0.0.1:${environment.worker?.httpPort ?? 0}/metrics`)).text();
      for (const store of ['postgres', 'kafka']) {
        const refused = new RegExp(`^store_logins_refused_total\\{store="${store}"\\} (\\d+)$`, 'm').exec(metrics)?.[1];
        assert.ok(Number(refused) > 0, `${store} refused the password of before`);
      }
    } finally {
      await emitter.close();
      await environment.close();
    }
  });
});
