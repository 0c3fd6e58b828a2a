import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import type { DeadLetterCopy } from '../../src/intents/dead-letter.js';
import type { OnexEnvelopeV1 } from '../../src/intents/envelope.js';
import { topicOf } from '../../src/intents/event-types.js';
import { until } from '../../src/until.js';
import { bridge } from '../support/bridge.js';
import { readTopic } from '../support/console-consumer.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { type OwnBroker, startOwnBroker } from '../support/own-broker.js';
import { persistFsmTransition, persistState, publishEvent } from '../support/intents.js';
import { countProduceRequests, type ProduceRequests } from '../support/produce-requests.js';

const TYPE = 'AGGREGATION_STARTED';

describe('dead letters', () => {
  let environment: Environment;
  let broker: OwnBroker;
  let topic: string;
  let produceRequests: ProduceRequests;
  before(async function () {
    this.timeout(120_000);
    produceRequests = countProduceRequests();
    broker = await startOwnBroker();
    environment = await createEnvironment({
      env: {
        KAFKA_BOOTSTRAP_SERVERS: broker.address,
        // The tests wait for the breaker after each outage.
        KAFKA_BREAKER_OPEN_SECONDS: '1',
      },
    });
    topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, TYPE);
  });
  after(async () => {
    await environment.close();
    await broker.remove();
    produceRequests.stop();
  });

  async function configure(name: string, settings: Record<string, string>): Promise<void> {
    const brokers = [...environment.endpoints.kafka.brokers];
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }],
      });
    } finally {
      await admin.disconnect();
    }
  }
  const limitTo = (name: string, bytes: number) => configure(name, { 'max.message.bytes': String(bytes) });

  const event = (key: string, n: number) =>
    publishEvent({ event_type: TYPE, partition_key: key, n }, { intent_id: randomUUID() });
  const cli = async (...args: string[]) => {
    const { code, stdout, stderr } = await bridge(['dead-letters', ...args, '--json'], environment.env);
    const lines = stdout.trim() === '' ? [] : stdout.trim().split('\n');
    return { code, stderr, records: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  };
  const numbersOf = async (name: string, key: string): Promise<unknown[]> => {
    const records = await readTopic(environment.endpoints, environment.config.BRIDGE_CACHE_DIR, name);
    return records
      .filter((record) => record.key === key)
      .map(({ value }) => (JSON.parse(value ?? '') as OnexEnvelopeV1).payload['n']);
  };

  it('keeps what no broker takes, queues later messages behind it, and sends all in order when redriven', async () => {
    const key = randomUUID();
    const list = [event(key, 1), event(key, 2)];
    await broker.stop();
    const report = await environment.client.executeIntents([...list, persistState()]);
    await broker.start();
    assert.equal(report.outcome, 'partial');
    assert.deepEqual(
      report.results.map(({ status, success }) => [status, success]),
      [
        ['dead_lettered', true],
        ['dead_lettered', true],
        ['succeeded', true],
      ],
    );
    const first = report.results[0];
    assert.ok(first?.intent_type === 'PublishEvent');
    assert.deepEqual([first.event_published, first.dlq_fallback], [false, true]);

    const later = await environment.client.executeIntents([event(key, 3), event(randomUUID(), 4)]);
    assert.deepEqual(later.counts, { dead_lettered: 1, succeeded: 1 });

    const listed = await cli('list', '--topic', topic);
    assert.deepEqual(
      listed.records.map((letter) => [letter['key'], letter['retry_attempts']]),
      [
        [key, 3],
        [key, 3],
        [key, 0],
      ],
    );
    assert.equal((await cli('redrive', '--topic', topic, '--dry-run')).records.length, 3);
    assert.deepEqual(await numbersOf(topic, key), []);

    // The second letter alone would overtake the first.
    const second = await cli('redrive', '--id', String(listed.records[1]?.['id']));
    assert.deepEqual([second.code, second.records], [1, [{ redriven: 0, failed: 0, behind: 1, stopped: null }]]);
    // The third was copied when it was stored, the second now that a broker is there.
    const copied = await readTopic(environment.endpoints, environment.config.BRIDGE_CACHE_DIR, `${topic}.dlq`);
    const copies = copied.map(({ value }) => JSON.parse(value ?? '') as DeadLetterCopy);
    assert.deepEqual(
      copies.map(({ original_data }) => (original_data as OnexEnvelopeV1).payload['n']),
      [3, 2],
    );
    const copy = copies[1];
    assert.ok(copy !== undefined);
    assert.deepEqual(Object.keys(copy).sort(), [
      'failure_reason',
      'failure_timestamp',
      'original_data',
      'original_key',
      'original_topic',
      'retry_attempts',
    ]);
    assert.deepEqual([copy.original_topic, copy.original_key, copy.retry_attempts], [topic, key, 3]);
    const original = copy.original_data as OnexEnvelopeV1;
    assert.deepEqual(copied[1]?.headers, {
      event_id: original.event_id,
      event_type: TYPE,
      correlation_id: original.correlation_id,
      original_topic: topic,
      failure_reason: copy.failure_reason,
    });
    const redriven = await cli('redrive', '--topic', topic);
    assert.deepEqual([redriven.code, redriven.records], [0, [{ redriven: 3, failed: 0, behind: 0, stopped: null }]]);
    assert.deepEqual((await cli('redrive', '--topic', topic)).records, [
      { redriven: 0, failed: 0, behind: 0, stopped: null },
    ]);
    assert.deepEqual(await numbersOf(topic, key), [1, 2, 3]);

    const repeated = await environment.client.executeIntents(list.slice(0, 2));
    assert.deepEqual(repeated.counts, { succeeded: 2 });
    assert.deepEqual(await numbersOf(topic, key), [1, 2, 3]);
  });

  it('keeps the count of a letter that is refused again, and leaves it to a person after the limit', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'BATCH_PROCESSED');
    await broker.stop();
    const one = publishEvent({ event_type: 'BATCH_PROCESSED', n: 1, partition_key: randomUUID() });
    assert.deepEqual((await environment.client.executeIntents([one])).counts, { dead_lettered: 1 });
    const away = await cli('redrive', '--topic', name);
    await broker.start();
    assert.equal(away.code, 1);
    assert.match(String(away.records[0]?.['stopped']), /^Kafka: /);
    assert.equal((await cli('list', '--topic', name)).records[0]?.['redrive_count'], 0);

    await limitTo(name, 100);
    const again = await cli('redrive', '--topic', name);
    assert.deepEqual([again.code, again.records], [1, [{ redriven: 0, failed: 1, behind: 0, stopped: null }]]);
    assert.equal((await cli('list', '--topic', name)).records[0]?.['redrive_count'], 1);

    await environment.pool.query('UPDATE dead_letters SET redrive_count = 10 WHERE topic = $1', [name]);
    await limitTo(name, 1_000_000);
    const automatic: unknown = await environment.temporal.workflow.execute('RedriveDeadLettersWorkflow', {
      args: [{ automatic: true, topic: name }, null],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: randomUUID(),
    });
    assert.deepEqual(automatic, { redriven: 0, failed: 0, behind: 0, stopped: null });
    assert.equal((await cli('redrive', '--topic', name)).records[0]?.['redriven'], 1);
  });

  it('keeps a key in order behind a letter that its topic will not take', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'NODE_INTROSPECTION');
    const key = randomUUID();
    const introspection = (n: number, bytes: number) =>
      publishEvent({ event_type: 'NODE_INTROSPECTION', partition_key: key, n, text: 'x'.repeat(bytes) });
    await broker.stop();
    const report = await environment.client.executeIntents([introspection(1, 300_000), introspection(2, 0)]);
    await broker.start();
    assert.deepEqual(report.counts, { dead_lettered: 2 });
    await limitTo(name, 200_000);
    const refused = await cli('redrive', '--topic', name);
    assert.deepEqual([refused.code, refused.records], [1, [{ redriven: 0, failed: 1, behind: 1, stopped: null }]]);
    assert.deepEqual(
      (await cli('list', '--topic', name)).records.map((letter) => letter['redrive_count']),
      [1, 0],
    );
    assert.deepEqual(await numbersOf(name, key), []);
    await limitTo(name, 1_000_000);
    const [first] = (await cli('list', '--topic', name)).records;
    const alone = await cli('redrive', '--id', String(first?.['id']));
    assert.deepEqual([alone.code, alone.records], [0, [{ redriven: 1, failed: 0, behind: 0, stopped: null }]]);
    assert.deepEqual(await numbersOf(name, key), [1]);
    assert.equal((await cli('redrive', '--topic', name)).records[0]?.['redriven'], 1);
    assert.deepEqual(await numbersOf(name, key), [1, 2]);
  });

  it('says of a derived event that is a dead letter that it is not published', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'FSM_STATE_TRANSITIONED');
    await broker.stop();
    const report = await environment.client.executeIntents([persistFsmTransition()]);
    await broker.start();
    assert.equal(report.outcome, 'completed');
    const [result] = report.results;
    assert.ok(result?.intent_type === 'PersistFSMTransition');
    assert.equal(result.event_published, false);
    assert.deepEqual((await cli('redrive', '--topic', name)).records, [
      { redriven: 1, failed: 0, behind: 0, stopped: null },
    ]);
  });

  it('fails one message of 500 too large for its topic, alone, in few requests', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'NODE_HEARTBEAT');
    // All others together fit, so that only the one is in the way; with it they are still one request's worth.
    await limitTo(name, 420_000);
    const key = 'k';
    const heartbeat = (n: number) =>
      publishEvent(
        { event_type: 'NODE_HEARTBEAT', partition_key: key, n, text: n === 321 ? 'x'.repeat(430_000) : '' },
        { intent_id: randomUUID() },
      );
    produceRequests.count = 0;
    const report = await environment.client.executeIntents(Array.from({ length: 500 }, (_, n) => heartbeat(n)));
    assert.deepEqual(report.counts, { succeeded: 499, failed: 1 });
    assert.match(report.results[321]?.error ?? '', /larger|too large/i);
    // A request without a bad message may be repeated under the same event id; its order stays.
    const numbers = [...new Set(await numbersOf(name, key))];
    assert.deepEqual(
      numbers,
      Array.from({ length: 500 }, (_, n) => n).filter((n) => n !== 321),
    );
    // Halving 500 down to one takes 19.
    assert.ok(produceRequests.count >= 2 && produceRequests.count <= 20, `${produceRequests.count} requests`);
  });

  it('creates a topic that is missing, on first need', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'AGGREGATION_FAILED');
    const brokers = [...environment.endpoints.kafka.brokers];
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [name] });
    await admin.disconnect();
    const key = randomUUID();
    const report = await environment.client.executeIntents([
      publishEvent({ event_type: 'AGGREGATION_FAILED', partition_key: key, n: 1 }),
    ]);
    assert.deepEqual(report.counts, { succeeded: 1 });
    assert.deepEqual(await numbersOf(name, key), [1]);
  });

  it('redrives on a schedule that setup keeps', async function () {
    this.timeout(120_000);
    const setup = async (seconds: number) => {
      const run = await bridge(['setup', '--json'], { ...environment.env, DLQ_REDRIVE_SECONDS: String(seconds) });
      return (run.json()[0] as { schedules: string[] }).schedules;
    };
    const id = `redrive-dead-letters-${environment.config.TEMPORAL_TASK_QUEUE}`;
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'REGISTRY_REQUEST_INTROSPECTION');
    const key = randomUUID();
    const value = JSON.stringify({ payload: { n: 1 } });
    await environment.pool.query(
      `INSERT INTO dead_letters (intent_id, event_id, topic, message_key, message_value, failure_reason, retry_attempts)
       VALUES ($1, $2, $3, $4, $5, 'test', 3)`,
      [randomUUID(), randomUUID(), name, key, value],
    );
    assert.deepEqual(await setup(2), [id]);
    await until(30_000, async () => {
      const { rows } = await environment.pool.query('SELECT redriven_at FROM dead_letters WHERE message_key = $1', [
        key,
      ]);
      assert.notEqual((rows[0] as { redriven_at: unknown }).redriven_at, null);
    });
    assert.deepEqual(await numbersOf(name, key), [1]);
    assert.deepEqual(await setup(2), []);
    assert.deepEqual(await setup(0), []);
    await assert.rejects(environment.temporal.schedule.getHandle(id).describe(), /not found/);
  });

  it('lists and redrives only letters from a time on', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'REGISTRY_REQUEST_INTROSPECTION');
    const [older, newer] = [randomUUID(), randomUUID()];
    await environment.pool.query(
      `INSERT INTO dead_letters (intent_id, event_id, topic, message_key, message_value, failure_reason, retry_attempts, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), $1, letter.key, '{"payload":{"n":1}}', 'test', 3, letter.created_at
       FROM (VALUES ($2, '2026-01-31T11:59:59.999Z'::timestamptz), ($3, '2026-01-31T12:00:00Z')) AS letter (key, created_at)`,
      [name, older, newer],
    );
    const since = ['--topic', name, '--since', '2026-01-31T13:00:00+01:00'];
    const keysOf = ({ records }: Awaited<ReturnType<typeof cli>>) => records.map((letter) => letter['key']);
    assert.deepEqual(keysOf(await cli('list', ...since)), [newer]);
    assert.deepEqual((await cli('redrive', ...since)).records, [{ redriven: 1, failed: 0, behind: 0, stopped: null }]);
    assert.deepEqual([await numbersOf(name, newer), await numbersOf(name, older)], [[1], []]);
    assert.deepEqual(keysOf(await cli('list', '--topic', name)), [older]);
    assert.equal((await cli('redrive', '--topic', name)).records[0]?.['redriven'], 1);
  });

  it('names the field of a redrive that cannot be', async () => {
    await assert.rejects(
      environment.temporal.workflow.execute('RedriveDeadLettersWorkflow', {
        args: [{ since: 'yesterday' }],
        taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: randomUUID(),
      }),
      (error: { cause?: { cause?: Error } }) =>
        (error.cause?.cause?.message ?? '').startsWith('since: expected an ISO 8601 time'),
    );
    const { code, stderr } = await cli('list', '--since', 'yesterday');
    assert.equal(code, 2);
    assert.match(stderr, /--since.*expected a time such as/);
  });

  it('redrives and sweeps from the start after a position that is none', async () => {
    const { temporal, config } = environment;
    for (const [type, none] of [
      ['RedriveDeadLettersWorkflow', { redriven: 0, failed: 0, behind: 0, stopped: null }],
      ['SweepExecutionsWorkflow', { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 }],
    ] as const) {
      for (const so_far of [null, 7, { redriven: 'many', swept: [] }]) {
        const report: unknown = await temporal.workflow.execute(type, {
          args: [{}, { so_far }],
          taskQueue: config.TEMPORAL_TASK_QUEUE,
          workflowId: randomUUID(),
        });
        assert.deepEqual(report, none);
      }
    }
  });
});
