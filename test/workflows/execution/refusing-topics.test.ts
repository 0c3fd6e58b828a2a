/** These tests publish messages that a topic refuses, and messages for topics that do not exist. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { topicOf } from '../../../src/domain/events/event-types.js';
import { until } from '../../../src/flow-control/until.js';
import { numbersOf, readEvents } from '../../support/events.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistFsmTransition, publishEvent } from '../../support/intents.js';
import { countProduceRequests, type ProduceRequests } from '../../support/produce-requests.js';
import { configureTopic } from '../../support/topics.js';
import { kafkaOf } from '../../support/kafka-of.js';

describe('topics that refuse', () => {
  let environment: Environment;
  let produceRequests: ProduceRequests;
  before(async () => {
    produceRequests = countProduceRequests();
    environment = await createEnvironment();
  });
  after(async () => {
    await environment.close();
    produceRequests.stop();
  });

  const limitTo = (name: string, bytes: number) =>
    configureTopic(environment.endpoints.kafka.brokers, name, 'max.message.bytes', bytes);

  it('fails one message of 500 too large for its topic, alone, in few requests', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'NODE_HEARTBEAT');
    // The other messages fit the topic together, so only the large one is in the way. All 500 still fit one request.
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
    // A request without the large message may be repeated under the same event ids. Its order stays.
    const numbers = [...new Set(await numbersOf(environment, name, key))];
    assert.deepEqual(
      numbers,
      Array.from({ length: 500 }, (_, n) => n).filter((n) => n !== 321),
    );
    // Halving 500 messages down to one takes 19 requests.
    assert.ok(produceRequests.count >= 2 && produceRequests.count <= 20, `${produceRequests.count} requests`);
  });

  it('keeps a derived event too large for its topic as a dead letter, which is sent when the topic takes it', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'FSM_STATE_TRANSITIONED');
    await limitTo(name, 200);
    const intent = persistFsmTransition();
    const report = await environment.client.executeIntents([intent]);
    assert.equal(report.outcome, 'completed');
    const letters = async () => {
      const { rows } = await environment.pool.query<{ topic: string; reason: string; sent: boolean }>(
        `SELECT topic, failure_reason AS reason, redriven_at IS NOT NULL AS sent FROM dead_letters WHERE intent_id = $1`,
        [report.results[0]?.intent_id],
      );
      return rows;
    };
    const [letter, ...others] = await letters();
    assert.deepEqual([letter?.topic, letter?.sent, others], [name, false, []]);
    assert.match(letter?.reason ?? '', /larger|too large/i);
    await limitTo(name, 1_000_000);
    await environment.temporal.workflow.execute('RedriveDeadLettersWorkflow', {
      args: [{}],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `redrive-${randomUUID()}`,
    });
    const events = (await readEvents(environment, ['FSM_STATE_TRANSITIONED'])).filter(
      ({ key }) => key === intent.payload.workflow_id,
    );
    assert.equal(events.length, 1);
  });

  it('creates a topic that is missing, on first need', async () => {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'AGGREGATION_FAILED');
    const brokers = [...environment.endpoints.kafka.brokers];
    const admin = kafkaOf({ brokers }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [name] });
    // The broker answers a deletion before it has made it. A message that it takes until then is deleted too.
    await until(20_000, async () => assert.equal((await admin.listTopics()).includes(name), false));
    await admin.disconnect();
    const key = randomUUID();
    const report = await environment.client.executeIntents([
      publishEvent({ event_type: 'AGGREGATION_FAILED', partition_key: key, n: 1 }),
    ]);
    assert.deepEqual(report.counts, { succeeded: 1 });
    assert.deepEqual(await numbersOf(environment, name, key), [1]);
  });
});
