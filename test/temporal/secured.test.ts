/**
 * These tests run everything that connects to Temporal over mutual TLS and with an API key, from one TOML profile. Then
 * they change the credentials under it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { StoreEffectClient } from '../../src/client/index.js';
import { type RunningIntake, runIntake } from '../../src/intake/run.js';
import { loadConfig } from '../../src/config.js';
import { until } from '../../src/flow-control/until.js';
import { startWorker } from '../../src/worker/run.js';
import { bridge } from '../support/bridge.js';
import { bridgeHere } from '../support/bridge-here.js';
import { type Certificate, Certificates } from '../support/certificates.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { failingPoller } from '../support/failing-poller.js';
import { persistState, publishEvent } from '../support/intents.js';
import { keptLog } from '../support/kept-log.js';
import { type Front, temporalFront, UNAUTHENTICATED } from '../support/temporal-front.js';

/** Reads how many refused logins to Temporal are counted. */
const refusalsIn = (metrics: string): number =>
  Number(/^store_logins_refused_total\{store="temporal"\} (\d+)$/m.exec(metrics)?.[1]);

describe('a Temporal server with mutual TLS and API keys', () => {
  const certificates = new Certificates();
  const client = { certFile: certificates.path('client.crt'), keyFile: certificates.path('client.key') };
  const keyFile = certificates.path('api-key');
  const keys = new Set(['key-1']);
  let [ca, clients]: Certificate[] = [];
  const ofRun = process.env['TEMPORAL_CONFIG_FILE'];
  let front: Front;
  let environment: Environment;
  const { logger, lines } = keptLog();
  const registry = new Registry();
  let intake: RunningIntake;
  let orchestrator: StoreEffectClient;

  const put = (made: Certificate): void => {
    copyFileSync(made.certFile, client.certFile);
    copyFileSync(made.keyFile, client.keyFile);
  };

  before(async () => {
    [ca, clients] = [certificates.authority('servers'), certificates.authority('clients')];
    put(certificates.issue(clients, 'client'));
    const { cert, key } = certificates.issue(ca, 'temporal', { names: ['temporal.test'] });
    front = await temporalFront(process.env['TEMPORAL_ADDRESS'] ?? '', {
      tls: { cert, key, ca: clients.cert, requestCert: true, rejectUnauthorized: true },
      refuse: (_path, { authorization }) =>
        keys.has(authorization?.replace('Bearer ', '') ?? '') ? null : UNAUTHENTICATED,
    });
    writeFileSync(keyFile, 'key-1\n');
    const profiles = certificates.path('temporal.toml');
    writeFileSync(
      profiles,
      `[profile.secured]
address = "${front.address}"
namespace = "default"
[profile.secured.tls]
server_name = "temporal.test"
server_ca_cert_path = "${ca.certFile}"
client_cert_path = "${client.certFile}"
client_key_path = "${client.keyFile}"
`,
    );
    const env = {
      TEMPORAL_ADDRESS: '',
      TEMPORAL_CONFIG_FILE: profiles,
      TEMPORAL_PROFILE: 'secured',
      TEMPORAL_API_KEY_FILE: keyFile,
    };
    environment = await createEnvironment({ env });
    const { config, endpoints } = environment;
    intake = await runIntake({ config, endpoints, logger, registry });
    const { brokers } = endpoints.kafka;
    Object.assign(process.env, { TEMPORAL_CONFIG_FILE: profiles, TEMPORAL_API_KEY_FILE: keyFile });
    orchestrator = await StoreEffectClient.connect({
      address: front.address,
      profile: 'secured',
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      kafka: { brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX },
    });
  });
  after(async () => {
    delete process.env['TEMPORAL_API_KEY_FILE'];
    process.env['TEMPORAL_CONFIG_FILE'] = ofRun;
    await orchestrator.close();
    await intake.stop(1_000);
    await environment.close();
    await front.close();
    certificates.remove();
  });

  const bridgeIds = async (ids: readonly string[]) => {
    const text = 'SELECT bridge_id::text AS id FROM bridge_states WHERE bridge_id = ANY ($1) ORDER BY bridge_id';
    const { rows } = await environment.pool.query<{ id: string }>(text, [ids]);
    return rows.map(({ id }) => id);
  };

  it('is used by worker, client, intake and every command', async () => {
    const rows = Array.from({ length: 3 }, () => randomUUID()).sort();
    const [one, two, three] = rows.map((aggregation_id) => persistState({ aggregation_id }));
    const published = publishEvent();
    const direct = await orchestrator.executeIntents([one!, published]);
    const { eventId } = await orchestrator.emitIntents([two!]);
    const emitted = await orchestrator.awaitResult(eventId);
    assert.deepEqual([direct.outcome, emitted.outcome, emitted.event_id], ['completed', 'completed', eventId]);
    const input = JSON.stringify({ request_id: `secured-${three!.payload.aggregation_id}`, intents: [three] });
    const executed = await bridge(['execute', '-', '--json'], environment.env, input);
    assert.equal(executed.code, 0, executed.stderr);
    for (const args of [
      ['status', `secured-${three!.payload.aggregation_id}`],
      ['list'],
      ['doctor'],
      ['setup'],
      ['stack', 'status'],
    ]) {
      const run = await bridgeHere(args, environment.env);
      assert.equal(run.code, 0, `${args.join(' ')}: ${run.stdout}${run.stderr}`);
    }
    const [shown] = (await bridgeHere(['stack', 'status', '--json'], environment.env)).json() as { temporal: object }[];
    const { address } = front;
    assert.deepEqual(shown?.temporal, { address, namespace: 'default', ui: null }, 'no credentials are shown');
    assert.deepEqual(await bridgeIds(rows), rows);
    const events = await readEvents(environment, ['AGGREGATION_STARTED', 'STATE_PERSISTED']);
    const ids = events.map(({ envelope }) => envelope.payload['aggregation_id']);
    assert.deepEqual(ids.sort(), [published.payload.aggregation_id, ...rows].sort());
  });

  it('says in one sentence what is wrong, and exits with 3', async () => {
    const { TEMPORAL_API_KEY_FILE: _file, ...env } = environment.env;
    const wrong = await bridgeHere(['list'], { ...env, TEMPORAL_API_KEY: 'key-0' });
    assert.deepEqual(wrong, {
      ...wrong,
      code: 3,
      stderr: `bridge: Temporal: ${front.address} refuses the API key (TEMPORAL_API_KEY)\n`,
    });
    const other = { ...environment.env, TEMPORAL_TLS_SERVER_CA_CERT_PATH: clients!.certFile };
    const sentence = `Temporal: the certificate of ${front.address} is of an authority that is not trusted (TEMPORAL_TLS_SERVER_CA_CERT_PATH)`;
    const worker = await bridge(['worker'], other);
    assert.deepEqual([worker.code, worker.stderr], [3, `bridge: ${sentence}\n`]);
    const doctor = await bridgeHere(['doctor', '--json'], other);
    assert.equal(doctor.code, 3);
    assert.ok(doctor.stdout.includes(`"check":"workers","ok":false,"detail":"${sentence}"`), doctor.stdout);
  });

  /** Executes and emits lists one after the other until `work` is done. @returns what they wrote. */
  async function meanwhile(work: () => Promise<void>): Promise<string[]> {
    const end = { over: false };
    const ids: string[] = [];
    const working = work().finally(() => (end.over = true));
    while (!end.over) {
      const [direct, emitted] = [randomUUID(), randomUUID()];
      const report = await orchestrator.executeIntents([persistState({ aggregation_id: direct })]);
      const { eventId } = await orchestrator.emitIntents([persistState({ aggregation_id: emitted })]);
      const answer = await orchestrator.awaitResult(eventId, { timeoutMs: 30_000 });
      assert.deepEqual([report.outcome, answer.outcome], ['completed', 'completed']);
      ids.push(direct, emitted);
    }
    await working;
    return ids.sort();
  }

  it('takes the API key that its file has now, while lists run', async () => {
    const ids = await meanwhile(async () => {
      await sleep(1_000);
      keys.add('key-2');
      writeFileSync(keyFile, 'key-2\n');
      await sleep(7_000);
      keys.delete('key-1');
      await sleep(3_000);
    });
    assert.deepEqual(await bridgeIds(ids), ids);
  });

  it('takes the client certificate that its files have now, while lists run', async () => {
    const next = certificates.authority('next clients');
    const ids = await meanwhile(async () => {
      await sleep(1_000);
      front.trust(`${clients!.cert}${next.cert}`);
      put(certificates.issue(next, 'client'));
      await sleep(7_000);
      front.trust(next.cert);
      front.cut();
      await sleep(3_000);
    });
    assert.deepEqual(await bridgeIds(ids), ids);
  });

  /** Works while the server takes no API key. */
  async function withoutKeys<T>(work: () => Promise<T>): Promise<T> {
    const valid = [...keys];
    keys.clear();
    try {
      return await work();
    } finally {
      for (const key of valid) keys.add(key);
    }
  }

  const refusals = async (): Promise<number> => refusalsIn(await registry.metrics());

  it('has an intake that counts and logs a key that is refused, and loses no list', async () => {
    lines.splice(0);
    const { eventId } = await withoutKeys(async () => {
      await until(15_000, async () => assert.equal(await refusals(), 1));
      const emitted = await orchestrator.emitIntents([persistState()]);
      await until(30_000, async () => assert.ok((await refusals()) >= 4));
      return emitted;
    });
    const said = lines.filter(({ level }) => level >= 40).map(({ store, level, msg }) => [store, level, msg]);
    assert.deepEqual(said, [
      ['temporal', 50, `Temporal: ${front.address} refuses the API key (TEMPORAL_API_KEY_FILE)`],
    ]);
    assert.equal((await orchestrator.awaitResult(eventId, { timeoutMs: 30_000 })).outcome, 'completed');
  });

  it('has a worker that counts, logs and ends with the name of a key that is refused while it polls', async () => {
    // The SDK ends a worker after a minute of refused polls, with an error that has these words only.
    const poller = failingPoller('Request unauthorized.');
    const kept = keptLog();
    const { env, endpoints } = environment;
    const config = loadConfig({ ...env, TEMPORAL_TASK_QUEUE: `${env['TEMPORAL_TASK_QUEUE']}-refused` });
    try {
      const worker = await startWorker({ config, endpoints, logger: kept.logger });
      const counted = async () => refusalsIn(await (await fetch(`http://127.0.0.1:${worker.httpPort}/metrics`)).text());
      assert.equal(await counted(), 0);
      await withoutKeys(async () => {
        await until(30_000, async () => assert.ok((await counted()) >= 2));
        const sentence = `Temporal: ${front.address} refuses the API key (TEMPORAL_API_KEY_FILE)`;
        const said = kept.lines
          .filter(({ store, level }) => store === 'temporal' && level === 50)
          .map(({ msg }) => msg);
        assert.deepEqual(said, [sentence]);
        const ended = assert.rejects(worker.stopped, { message: sentence, failureClass: 'unavailable' });
        poller.fail();
        await ended;
      });
    } finally {
      poller.restore();
    }
    const { outcome } = await orchestrator.executeIntents([persistState()]);
    assert.equal(outcome, 'completed', 'a refusal of seconds ends no worker');
  });
});
