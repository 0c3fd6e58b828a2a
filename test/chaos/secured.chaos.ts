/**
 * This test runs an installation on servers that are all secured at once. Temporal is behind mutual TLS, PostgreSQL
 * behind PgBouncer with TLS on both sides, and Kafka has SASL_SSL and ACLs. Payloads are encrypted. The intake is
 * killed amid real input with known answers, and the database lets nobody in for a while.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { givenEndpoints, stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { type EventType, topicOf } from '../../src/domain/events/event-types.js';
import { until } from '../../src/flow-control/until.js';
import { stackDown, type StackOptions, stackUp } from '../../src/stack/index.js';
import { bridge } from '../support/bridge.js';
import { readTopics } from '../support/console-consumer.js';
import { type ExpectedHistory, sortedRows, type StateRow } from '../support/history.js';
import { publishEvent } from '../support/intents.js';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { PASSWORDS, type SecuredKafka, startSecuredKafka, USER } from '../support/secured-kafka.js';
import { byScram, consumerOf } from '../support/secured-login.js';
import { type SecuredPostgres, startSecuredPostgres } from '../support/secured-postgres.js';
import { Certificates } from '../support/certificates.js';
import { type Front, temporalFront } from '../support/temporal-front.js';
import { startWorkerProcess, type WorkerProcess } from './support/worker-process.js';

/** A word of a payload that is nowhere else. */
const WORD = 'Xyzzy-4711';
const PASSWORD = 'word';

interface Expected extends ExpectedHistory {
  readonly latest_state_counts: Readonly<Record<string, number>>;
}

describe('an installation on secured servers', function () {
  this.timeout(10 * 60_000);
  const { cacheDir } = stackOptions(loadConfig());
  const prefix = `secured${randomUUID().slice(0, 8)}`;
  const certificates = new Certificates();
  const ends: (() => Promise<unknown>)[] = [];
  let kafka: SecuredKafka;
  let postgres: SecuredPostgres;
  let pooler: PgBouncer;
  let front: Front;
  let stack: StackOptions;
  let worker: WorkerProcess | undefined;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    kafka = await startSecuredKafka(cacheDir);
    ends.push(() => kafka.remove());
    for (const [type, operation] of [
      ['TOPIC', 'ALL'],
      ['GROUP', 'READ'],
    ] as const) {
      await kafka.allow(`User:${USER}`, type, prefix, operation);
      await kafka.allow(`User:${USER}`, type, `bridge-store-effect-intake-${prefix}`, operation);
    }
    postgres = await startSecuredPostgres();
    ends.push(() => postgres.stop());
    await postgres.createWithRoles(prefix, PASSWORD);
    pooler = await startPgBouncer(postgres, { bridge_worker: PASSWORD }, cacheDir);
    ends.push(() => pooler.stop());
    const files = await mkdtemp(join(tmpdir(), 'bridge-secured-'));
    ends.push(() => rm(files, { recursive: true, force: true }));
    const put = async (name: string, text: string): Promise<string> => {
      await writeFile(join(files, name), text);
      return join(files, name);
    };
    const stores = {
      ...process.env,
      DATABASE_URL: `postgres://bridge_worker@localhost:${pooler.port}/${prefix}`,
      PGPASSWORD_FILE: await put('postgres', `${PASSWORD}\n`),
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: postgres.certificates.ca.certFile,
      PG_POOLER: 'transaction',
      MIGRATION_DATABASE_URL: postgres.url(prefix, 'bridge_migrator', PASSWORD),
      ...byScram(kafka, { KAFKA_SASL_PASSWORD_FILE: await put('kafka', PASSWORDS.scram) }),
      KAFKA_MAX_RETRY_ATTEMPTS: '3',
      KAFKA_TOPIC_PREFIX: prefix,
    };
    // Temporal keeps its histories in a file, which is searched at the end.
    const given = givenEndpoints(loadConfig(stores));
    stack = { stateDir: join(files, 'stack'), cacheDir, mode: 'native', namespace: 'default', given, durable: true };
    const { temporal } = await stackUp(stack);
    ends.push(() => stackDown(stack));
    const [ca, clients] = [certificates.authority('servers'), certificates.authority('clients')];
    const client = certificates.issue(clients, 'client');
    const { cert, key } = certificates.issue(ca, 'temporal');
    front = await temporalFront(temporal.address, {
      tls: { cert, key, ca: clients.cert, requestCert: true, rejectUnauthorized: true },
    });
    ends.push(() => front.close());
    const profile = `[profile.secured]
address = "${front.address}"
namespace = "default"
[profile.secured.tls]
server_ca_cert_path = "${ca.certFile}"
client_cert_path = "${client.certFile}"
client_key_path = "${client.keyFile}"
`;
    env = {
      ...stores,
      TEMPORAL_CONFIG_FILE: await put('temporal.toml', profile),
      TEMPORAL_PROFILE: 'secured',
      TEMPORAL_TASK_QUEUE: prefix,
      PAYLOAD_KEYS_FILE: await put('keys', `first ${Buffer.alloc(32, 7).toString('base64')}\n`),
      PORT: '0',
    };
  });
  after(async () => {
    await worker?.kill();
    for (const end of ends.reverse()) await end();
    certificates.remove();
  });

  const select = async <T extends object>(sql: string): Promise<T[]> => postgres.admin<T>(sql, prefix);
  const count = async (from: string): Promise<number> =>
    (await select<{ count: number }>(`SELECT count(*)::int AS count FROM ${from}`))[0]?.count ?? 0;
  const run = async (args: string[], input?: string) => {
    const done = await bridge(args, env, input);
    assert.equal(done.code, 0, `${args.join(' ')}: ${done.stderr}`);
    return done;
  };
  /** Waits until some intents have had their effect, so that a fault meets lists that are not answered yet. */
  const midway = (before: number) =>
    until(120_000, async () => assert.ok((await count('executed_intents')) > before, 'nothing was executed'));

  it('is set up, executes real input exactly through a kill -9 and an outage, and shows no payload', async () => {
    await run(['setup']);
    worker = await startWorkerProcess(env, ['--intake']);
    await run(['doctor']);
    const marked = { ...publishEvent(), payload: { event_type: 'NODE_HEARTBEAT', note: WORD } };
    const direct = await run(['execute', '-', '--json'], JSON.stringify([marked]));
    const [report] = direct.json() as [{ request_id: string; outcome: string }];
    assert.equal(report.outcome, 'completed');
    assert.match((await run(['status', report.request_id])).stdout, /completed {2}1 succeeded/);

    const data = (name: string): URL => new URL(`../data/kafka-client-history.${name}`, import.meta.url);
    const expected = JSON.parse(await readFile(data('expected.json'), 'utf8')) as Expected;
    const history = (await readFile(data('ndjson'), 'utf8')).trim();
    const lines = history.replaceAll('"request_id":"', `"request_id":"${randomUUID()}-`).split('\n');
    const half = Math.ceil(lines.length / 2);
    const before = await count('executed_intents');
    await run(['emit', '-'], [...lines.slice(0, half), ...lines.slice(0, half)].join('\n'));
    await midway(before);
    await worker.kill();
    await worker.start();
    const between = await count('executed_intents');
    await run(['emit', '-'], lines.slice(half).join('\n'));
    await midway(between);
    await postgres.admin(`ALTER DATABASE ${prefix} ALLOW_CONNECTIONS false`);
    await postgres.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${prefix}'`);
    await sleep(8_000);
    await postgres.admin(`ALTER DATABASE ${prefix} ALLOW_CONNECTIONS true`);
    await until(240_000, async () => {
      const completed = await count(`intake_verdicts WHERE verdict ->> 'outcome' = 'completed'`);
      assert.equal(completed, expected.lists);
    });

    const rows = await select<StateRow>(
      'SELECT bridge_id, namespace, total_workflows_processed::int, total_items_aggregated::int FROM bridge_states',
    );
    assert.deepEqual(sortedRows(rows), sortedRows(expected.rows));
    assert.equal(await count('fsm_transitions'), expected.fsm_transitions_rows);
    const latest = await select<{ state: string; count: number }>(
      'SELECT current_state AS state, count(*)::int AS count FROM fsm_states GROUP BY 1',
    );
    assert.deepEqual(
      Object.fromEntries(latest.map(({ state, count: states }) => [state, states])),
      expected.latest_state_counts,
    );
    const ids = async (...types: EventType[]): Promise<number> => {
      const topics = types.map((type) => topicOf(prefix, type));
      const { records } = await readTopics({ kafka: consumerOf(kafka, prefix) }, cacheDir, topics);
      return new Set(records.map(({ value }) => (JSON.parse(value ?? '') as { event_id: string }).event_id)).size;
    };
    assert.equal(
      await ids('AGGREGATION_STARTED', 'BATCH_PROCESSED', 'AGGREGATION_COMPLETED'),
      expected.published_events,
    );
    assert.equal(
      await ids('STATE_PERSISTED', 'FSM_STATE_TRANSITIONED'),
      expected.lists + expected.fsm_transitions_rows,
    );
    assert.equal(await ids('NODE_HEARTBEAT'), 1);

    await worker.terminate();
    await stackDown(stack);
    const folder = join(stack.stateDir, 'data', 'temporal');
    const stored = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
    // The search finds what is in clear: the request id is.
    assert.ok(stored.some((bytes) => bytes.includes(report.request_id)));
    assert.ok(!stored.some((bytes) => bytes.includes(WORD)));
  });
});
