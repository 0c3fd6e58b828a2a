import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { defaultPayloadConverter } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs';
import { Registry } from 'prom-client';
import type { Config } from '../../src/config.js';
import { type RunningIntake, runIntake } from '../../src/intake/run.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { SliceInput } from '../../src/domain/intake/slice.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/flow-control/until.js';
import { BRIDGE_MAIN } from '../support/bridge.js';
import { bridgeHere } from '../support/bridge-here.js';
import { readRecords } from '../support/records.js';
import { releaseSlice } from '../support/slice-workflow.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState } from '../support/intents.js';
import { expelMembers } from './expel.js';
import { switchableServer } from '../support/switchable-server.js';
import { makeTopics } from '../support/topics.js';

describe('intake', function () {
  this.timeout(120_000);
  let environment: Environment;
  let kafka: Kafka;
  let producer: Producer;
  let admin: Admin;
  let worker: Worker;
  let connection: NativeConnection;
  let stopped: Promise<void>;
  const intakes: RunningIntake[] = [];
  /** Each test has a topic, and so a group, of its own. */
  let config: Config;
  let topic: string;

  before(async () => {
    const standIn = 'a workflow of this file stands in for the slice: it has no verdicts, and is not in the bundle';
    environment = await createEnvironment({ worker: false, except: { intake: standIn, replay: standIn } });
    kafka = new Kafka({ brokers: [...environment.endpoints.kafka.brokers], logLevel: logLevel.NOTHING });
    producer = kafka.producer();
    admin = kafka.admin();
    await Promise.all([producer.connect(), admin.connect()]);
    connection = await NativeConnection.connect({ address: environment.endpoints.temporal.address });
    worker = await Worker.create({
      connection,
      namespace: environment.config.TEMPORAL_NAMESPACE,
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowsPath: fileURLToPath(new URL('../support/slice-workflow.ts', import.meta.url)),
    });
    stopped = worker.run();
  });
  beforeEach(async () => {
    config = { ...environment.config, KAFKA_TOPIC_PREFIX: `t${randomUUID().slice(0, 8)}` };
    topic = topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    await makeTopics(admin, [
      { topic, numPartitions: 2 },
      { topic: `${topic}.dlq`, numPartitions: 1 },
    ]);
  });
  afterEach(() => Promise.all(intakes.splice(0).map((intake) => intake.stop(2_000))));
  after(async () => {
    await Promise.all([producer.disconnect(), admin.disconnect()]);
    worker.shutdown();
    await stopped;
    await connection.close();
    await environment.close();
  });

  const groupId = () => `bridge-store-effect-intake-${config.KAFKA_TOPIC_PREFIX}`;
  function start(temporalAddress = environment.endpoints.temporal.address) {
    const registry = new Registry();
    const intake = runIntake({
      config,
      endpoints: { temporalAddress, kafkaBrokers: environment.endpoints.kafka.brokers },
      logger: createLogger(process.env['TEST_LOG'] ?? 'silent'),
      registry,
    });
    intakes.push(intake);
    return { intake, metrics: () => registry.metrics() };
  }
  const envelope = (payload: Record<string, unknown> = {}) => ({
    envelope_version: '1.0',
    event_id: randomUUID(),
    event_type: 'INTENT_EMITTED',
    correlation_id: null,
    payload: { intents: [persistState()], ...payload },
  });
  /** @returns the event ids. */
  async function emit(partition: number, count: number, payload: Record<string, unknown> = {}): Promise<string[]> {
    const envelopes = Array.from({ length: count }, () => envelope(payload));
    await producer.send({ topic, messages: envelopes.map((event) => ({ partition, value: JSON.stringify(event) })) });
    return envelopes.map(({ event_id }) => event_id);
  }
  /** Event ids a partition's slices were started with, oldest first. */
  async function arrived(partition: number): Promise<string[]> {
    const slices: { at: number; ids: string[] }[] = [];
    const query = `WorkflowId = 'intake/${topic}/${partition}'`;
    for await (const { workflowId, runId, startTime } of environment.temporal.workflow.list({ query })) {
      const history = await environment.temporal.workflow.getHandle(workflowId, runId).fetchHistory();
      const [payload] = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      const { lists } = defaultPayloadConverter.fromPayload<SliceInput>(payload!);
      slices.push({ at: startTime.getTime(), ids: lists.map(({ event_id }) => event_id) });
    }
    return slices.sort((one, other) => one.at - other.at).flatMap(({ ids }) => ids);
  }
  async function committed(partition: number): Promise<number> {
    const [offsets] = await admin.fetchOffsets({ groupId: groupId(), topics: [topic] });
    return Number(offsets!.partitions.find((entry) => entry.partition === partition)?.offset ?? -1);
  }
  const arrives = (partition: number, ids: readonly string[]) =>
    until(40_000, async () => assert.deepEqual(await arrived(partition), ids));
  const dlq = async (expect: number) =>
    (await readRecords(environment.endpoints.kafka.brokers, [`${topic}.dlq`], { expect })).map(
      ({ value }) => JSON.parse(value ?? '') as Record<string, unknown>,
    );

  it('leaves the group also when it is stopped while it joins: the next one has all partitions', async () => {
    await start().intake.stop(0);
    const { intake } = start();
    await until(20_000, () => {
      assert.equal(intake.check().detail, '2 partitions');
      return Promise.resolve();
    });
  });

  it('hands over every envelope once, in the order of its partition, commits behind it, and leaves', async () => {
    const before = [await emit(0, 40), await emit(1, 40)];
    const { intake, metrics } = start();
    await arrives(0, before[0]!);
    const after = await emit(0, 600);
    await arrives(0, [...before[0]!, ...after]);
    await arrives(1, before[1]!);
    await until(5_000, async () => assert.equal(await committed(0), 640));
    assert.match(await metrics(), /^intake_envelopes_total 680$/m);
    await intake.stop(5_000);
    const { groups } = await admin.describeGroups([groupId()]);
    assert.deepEqual(groups[0]?.members, [], 'it has left when it has stopped');
  });

  it('copies what has no list to the .dlq topic, and goes on behind it', async () => {
    const first = await emit(0, 2);
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    await producer.send({
      topic,
      messages: [
        { partition: 0, key: 'k', value: '{"event_id":', headers: { origin: 'a test' } },
        { partition: 0, value: bytes },
        { partition: 0, value: null },
        { partition: 0, value: JSON.stringify(envelope({ intents: 'none' })) },
      ],
    });
    const last = await emit(0, 2);
    const { metrics } = start();
    await arrives(0, [...first, ...last]);
    const copies = await dlq(4);
    assert.deepEqual(
      copies.map(({ original_data, original_encoding }) => [original_data, original_encoding]).slice(0, 3),
      [
        ['{"event_id":', 'utf8'],
        [bytes.toString('base64'), 'base64'],
        [null, 'utf8'],
      ],
    );
    assert.equal(copies[0]?.['original_key'], 'k');
    assert.deepEqual(copies[0]['original_headers'], [['origin', Buffer.from('a test').toString('base64')]]);
    assert.equal(copies[3]?.['failure_reason'], 'payload.intents: expected an array, got string "none"');
    assert.match(await metrics(), /^intake_poison_total 4$/m);
  });

  it('waits while Temporal is unavailable, without leaving the group, and loses nothing', async () => {
    const temporal = await switchableServer(environment.endpoints.temporal.address);
    const { metrics, intake } = start(temporal.address);
    const ids = await emit(0, 30);
    await until(20_000, async () => assert.match(await metrics(), /^intake_partitions_paused 1$/m));
    assert.deepEqual(intake.check(), { ok: true, detail: '2 partitions' });
    assert.equal(await committed(0), -1);
    await temporal.on();
    await arrives(0, ids);
    await temporal.off();
  });

  it('loses nothing when a second consumer joins and leaves', async () => {
    start();
    const ids = [...(await emit(0, 300, { options: { sleepMs: 300 } }))];
    const second = start();
    ids.push(...(await emit(0, 300, { options: { sleepMs: 300 } })));
    await until(30_000, () => {
      assert.equal(second.intake.check().detail, '1 partitions');
      return Promise.resolve();
    });
    ids.push(...(await emit(0, 300)));
    await second.intake.stop(1_000);
    ids.push(...(await emit(0, 300)));
    await until(40_000, async () => assert.deepEqual([...new Set(await arrived(0))], ids));
  });

  it('a process killed in the middle repeats at most what it had not committed', async () => {
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'intake', '--json'], {
      env: { ...environment.env, KAFKA_TOPIC_PREFIX: config.KAFKA_TOPIC_PREFIX },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const ids = await emit(0, 900, { options: { sleepMs: 500 } });
    await until(30_000, async () => assert.notEqual(await committed(0), -1));
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const before = await committed(0);
    assert.ok(before > 0 && before < ids.length, `killed in the middle: ${before} of 900 are committed`);
    await expelMembers(kafka, environment.endpoints.kafka.brokers[0]!, groupId());
    start();
    await until(60_000, async () => assert.equal(await committed(0), ids.length));
    // The server's list of executions may lag behind them.
    const handed = await until(10_000, async () => {
      const lists = await arrived(0);
      assert.deepEqual([...new Set(lists)], ids);
      return lists;
    });
    const times = new Map(ids.map((id) => [id, 0]));
    for (const id of handed) times.set(id, (times.get(id) ?? 0) + 1);
    assert.deepEqual(
      ids.slice(0, before).filter((id) => times.get(id) !== 1),
      [],
      'what was committed came once',
    );
    assert.ok(Math.max(...times.values()) <= 2, 'and the rest at most once more');
  });

  it('a process that is asked to stop leaves its group, and then ends with 0', async () => {
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'intake', '--json'], {
      env: { ...environment.env, KAFKA_TOPIC_PREFIX: config.KAFKA_TOPIC_PREFIX },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [record] = (await once(child.stdout, 'data')) as [Buffer];
    const { port } = JSON.parse(record.toString()) as { port: number };
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/ready`);
      return [response.status, await response.json()] as const;
    };
    await until(20_000, async () =>
      assert.deepEqual(await ready(), [200, { ok: true, checks: { intake: { ok: true, detail: '2 partitions' } } }]),
    );
    const ids = await emit(0, 3);
    await arrives(0, ids);
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await gone, [0, null]);
    const { groups } = await admin.describeGroups([groupId()]);
    assert.deepEqual([groups[0]?.members, await committed(0)], [[], 3]);
  });

  it('copies what a slice refuses that ends while the intake stops', async () => {
    // The producer of the copies connects with its first one: closed before it has, it would connect all the same.
    await producer.send({ topic, messages: [{ partition: 0, value: 'no envelope' }] });
    const [id] = await emit(0, 1, { options: { held: true, invalid: 'not for this store' } });
    const { intake } = start();
    await arrives(0, [id!]);
    const stopping = intake.stop(20_000);
    await environment.temporal.workflow.getHandle(`intake/${topic}/0`).signal(releaseSlice);
    await stopping;
    const copies = (await dlq(1)).map(({ original_data, failure_reason }) => [original_data, failure_reason]);
    assert.equal(copies.length, 2);
    assert.match(String(copies[1]?.[0]), new RegExp(id!));
    assert.equal(copies[1]?.[1], 'not for this store');
  });

  it('bridge emit puts every list of a file of several batches on the topic, once', async () => {
    const lists = Array.from({ length: 401 }, (_, n) => ({
      request_id: `${config.KAFKA_TOPIC_PREFIX}-${n}`,
      intents: [],
    }));
    const ids = lists.map(({ request_id }) => request_id).sort();
    const run = await bridgeHere(
      ['emit', '-', '--json'],
      { ...environment.env, KAFKA_TOPIC_PREFIX: config.KAFKA_TOPIC_PREFIX },
      lists.map((list) => JSON.stringify(list)).join('\n'),
    );
    assert.equal(run.code, 0, run.stderr);
    const told = run.json() as { request_id: string }[];
    const records = await readRecords(environment.endpoints.kafka.brokers, [topic]);
    const there = records.map(({ value }) => JSON.parse(value ?? '') as { payload: { request_id: string } });
    assert.deepEqual(there.map(({ payload }) => payload.request_id).sort(), ids);
    assert.deepEqual(told.map(({ request_id }) => request_id).sort(), ids);
  });

  it('a process that is asked to stop copies what a slice refuses that ends meanwhile', async () => {
    // The producer of the copies connects with its first one: closed before it has, it would connect all the same.
    await producer.send({ topic, messages: [{ partition: 0, value: 'no envelope' }] });
    const [id] = await emit(0, 1, { options: { held: true, invalid: 'not for this store' } });
    const others = new Set(process.listeners('SIGTERM'));
    let ended = false;
    const run = bridgeHere(['intake', '--json'], {
      ...environment.env,
      KAFKA_TOPIC_PREFIX: config.KAFKA_TOPIC_PREFIX,
      SHUTDOWN_GRACE_SECONDS: '20',
    }).finally(() => (ended = true));
    await arrives(0, [id!]);
    // Only to the command: the workers of this process listen as well.
    for (const tell of process.listeners('SIGTERM')) if (!others.has(tell)) tell('SIGTERM');
    await environment.temporal.workflow.getHandle(`intake/${topic}/0`).signal(releaseSlice);
    await until(20_000, () => Promise.resolve().then(() => assert.ok(ended)));
    assert.equal((await run).code, 0);
    const copies = (await dlq(1)).map(({ failure_reason }) => failure_reason);
    assert.deepEqual([copies.length, copies[1]], [2, 'not for this store']);
  });

  it('reads a topic that was deleted and created again from its beginning', async () => {
    start();
    const before = await emit(0, 5);
    await arrives(0, before);
    await admin.deleteTopics({ topics: [topic] });
    await until(20_000, async () => assert.equal((await admin.listTopics()).includes(topic), false));
    await until(20_000, () => makeTopics(admin, [{ topic, numPartitions: 2 }]));
    const after = await until(20_000, () => emit(0, 8));
    await until(60_000, async () => assert.deepEqual(await arrived(0), [...before, ...after]));
  });
});
