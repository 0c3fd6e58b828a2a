import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DeadLetterCopy } from '../../../src/domain/dead-letters/copy.js';
import type { OnexEnvelopeV1 } from '../../../src/domain/events/envelope.js';
import { topicOf } from '../../../src/domain/events/event-types.js';
import type { Intent } from '../../../src/client/index.js';
import type { DeadLetterFilter } from '../../../src/domain/dead-letters/port.js';
import type { RedriveReport, RedriveRequest } from '../../../src/domain/dead-letters/redrive.js';
import { createPool, type Pool } from '../../../src/postgres/core/pool.js';
import { createDeadLetterStore } from '../../../src/postgres/dead-letters/dead-letter-store.js';
import { createLogger } from '../../../src/log.js';
import { until } from '../../../src/flow-control/until.js';
import { type RunningWorker, startWorker } from '../../../src/worker/run.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { readTopic } from '../../support/console-consumer.js';
import { numbersOf } from '../../support/events.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';
import { switchableServer, type SwitchableServer } from '../../support/switchable-server.js';
import { configureTopic } from '../../support/topics.js';

const TYPE = 'AGGREGATION_STARTED';

describe('dead letters', () => {
  let environment: Environment;
  let broker: SwitchableServer;
  let worker: RunningWorker;
  let pool: Pool;
  let topic: string;
  /** The lists of one outage of the broker and their reports, which all tests share. */
  let outage: Awaited<ReturnType<typeof executeWithoutBroker>>;
  before(async function () {
    this.timeout(180_000);
    // The breaker stays open for a second only, because the tests wait for it after the outage.
    environment = await createEnvironment({ worker: false, env: { KAFKA_BREAKER_OPEN_SECONDS: '1' } });
    broker = await switchableServer(environment.endpoints.kafka.brokers[0]!);
    worker = await startWorker({
      config: environment.config,
      logger: createLogger('silent'),
      endpoints: { ...environment.workerEndpoints, kafka: { brokers: [broker.address] } },
    });
    topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, TYPE);
    pool = createPool({ url: environment.endpoints.postgres.url, min: 0, max: 1 }, () => undefined);
    outage = await executeWithoutBroker();
    await broker.on();
  });
  after(async () => {
    await pool.end();
    await worker.shutdown();
    assert.equal(worker.busyConnections, 0, 'connections that were never released');
    await broker.off();
    await environment.close();
  });

  const limitTo = (name: string, bytes: number) =>
    configureTopic(environment.endpoints.kafka.brokers, name, 'max.message.bytes', bytes);

  const event = (key: string, n: number) =>
    publishEvent({ event_type: TYPE, partition_key: key, n }, { intent_id: randomUUID() });
  const cli = async (...args: string[]) => {
    const run = await bridgeHere(['dead-letters', ...args, '--json'], environment.env);
    return { ...run, records: run.json() as Record<string, unknown>[] };
  };
  const open = (filter: DeadLetterFilter) => createDeadLetterStore(pool).list(filter, 0, 100);
  const redrive = (request: RedriveRequest): Promise<RedriveReport> =>
    environment.temporal.workflow.execute<(given: RedriveRequest) => Promise<RedriveReport>>(
      'RedriveDeadLettersWorkflow',
      { args: [request], taskQueue: environment.config.TEMPORAL_TASK_QUEUE, workflowId: randomUUID() },
    );
  async function executeWithoutBroker() {
    const key = randomUUID();
    const list = [event(key, 1), event(key, 2)];
    const introspectionKey = randomUUID();
    const introspection = (n: number, bytes: number) =>
      publishEvent({
        event_type: 'NODE_INTROSPECTION',
        partition_key: introspectionKey,
        n,
        text: 'x'.repeat(bytes),
      });
    const execute = (intents: readonly Intent[]) => environment.client.executeIntents(intents);
    const [report, one, introspected, derived] = await Promise.all([
      execute([...list, persistState()]),
      execute([publishEvent({ event_type: 'BATCH_PROCESSED', n: 1, partition_key: randomUUID() })]),
      execute([introspection(1, 300_000), introspection(2, 0)]),
      execute([persistFsmTransition()]),
    ]);
    const away = await cli('redrive', '--topic', topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'BATCH_PROCESSED'));
    return { key, list, introspectionKey, report, one, introspected, derived, away };
  }

  it('keeps what no broker takes, queues later messages behind it, and sends all in order when redriven', async () => {
    const { key, list, report } = outage;
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
    assert.deepEqual(await numbersOf(environment, topic, key), []);

    // The second letter alone would overtake the first.
    const second = await cli('redrive', '--id', String(listed.records[1]?.['id']));
    assert.deepEqual([second.code, second.records], [1, [{ redriven: 0, failed: 0, behind: 1, stopped: null }]]);
    // The third letter was copied when it was stored, and the second one now that a broker is there.
    const [dlq, { BRIDGE_CACHE_DIR }] = [`${topic}.dlq`, environment.config];
    const copied = await until(20_000, async () => {
      const records = await readTopic(environment.endpoints, BRIDGE_CACHE_DIR, dlq);
      assert.equal(records.length, 2);
      return records;
    });
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
    assert.deepEqual(await redrive({ topic }), { redriven: 0, failed: 0, behind: 0, stopped: null });
    assert.deepEqual(await numbersOf(environment, topic, key), [1, 2, 3]);

    const repeated = await environment.client.executeIntents(list.slice(0, 2));
    assert.deepEqual(repeated.counts, { succeeded: 2 });
    assert.deepEqual(await numbersOf(environment, topic, key), [1, 2, 3]);
  }).timeout(120_000);

  it('keeps the count of a letter that is refused again, and leaves it to a person after the limit', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'BATCH_PROCESSED');
    const { one, away } = outage;
    assert.deepEqual(one.counts, { dead_lettered: 1 });
    assert.equal(away.code, 1);
    assert.match(String(away.records[0]?.['stopped']), /^Kafka: /);
    assert.equal((await open({ topic: name }))[0]?.redrive_count, 0);

    await limitTo(name, 100);
    const again = await cli('redrive', '--topic', name);
    assert.deepEqual([again.code, again.records], [1, [{ redriven: 0, failed: 1, behind: 0, stopped: null }]]);
    assert.equal((await open({ topic: name }))[0]?.redrive_count, 1);

    await environment.pool.query('UPDATE dead_letters SET redrive_count = 10 WHERE topic = $1', [name]);
    await limitTo(name, 1_000_000);
    const automatic: unknown = await environment.temporal.workflow.execute('RedriveDeadLettersWorkflow', {
      args: [{ automatic: true, topic: name }, null],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: randomUUID(),
    });
    assert.deepEqual(automatic, { redriven: 0, failed: 0, behind: 0, stopped: null });
    assert.equal((await redrive({ topic: name })).redriven, 1);
  });

  it('keeps a key in order behind a letter that its topic will not take', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'NODE_INTROSPECTION');
    const { introspectionKey: key, introspected: report } = outage;
    assert.deepEqual(report.counts, { dead_lettered: 2 });
    await limitTo(name, 200_000);
    assert.deepEqual(await redrive({ topic: name }), { redriven: 0, failed: 1, behind: 1, stopped: null });
    const letters = await open({ topic: name });
    assert.deepEqual(
      letters.map(({ redrive_count }) => redrive_count),
      [1, 0],
    );
    assert.deepEqual(await numbersOf(environment, name, key), []);
    await limitTo(name, 1_000_000);
    assert.deepEqual(await redrive({ ids: [letters[0]!.id] }), { redriven: 1, failed: 0, behind: 0, stopped: null });
    assert.deepEqual(await numbersOf(environment, name, key), [1]);
    assert.equal((await redrive({ topic: name })).redriven, 1);
    assert.deepEqual(await numbersOf(environment, name, key), [1, 2]);
  });

  it('says of a derived event that is a dead letter that it is not published', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'FSM_STATE_TRANSITIONED');
    const { derived: report } = outage;
    assert.equal(report.outcome, 'completed');
    const [result] = report.results;
    assert.ok(result?.intent_type === 'PersistFSMTransition');
    assert.equal(result.event_published, false);
    assert.deepEqual(await redrive({ topic: name }), { redriven: 1, failed: 0, behind: 0, stopped: null });
  });
});
