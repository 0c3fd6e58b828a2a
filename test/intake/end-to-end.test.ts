/** From an envelope on the topic to its rows, events and result, with the worker's own intake. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Producer } from 'kafkajs';
import { createLogger } from '../../src/log.js';
import { topicOf } from '../../src/intents/event-types.js';
import type { Verdict } from '../../src/intents/slice.js';
import { createKafka } from '../../src/kafka/client.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { until } from '../../src/until.js';
import { startWorker, type RunningWorker } from '../../src/worker/run.js';
import { workerEndpoints } from '../../src/cli/context.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { persistState, publishEvent } from '../support/intents.js';

describe('intake, end to end', () => {
  let environment: Environment;
  let worker: RunningWorker;
  let producer: Producer;
  before(async () => {
    environment = await createEnvironment({ worker: false });
    const { config, endpoints } = environment;
    worker = await startWorker({
      config,
      logger: createLogger(config.LOG_LEVEL),
      endpoints: workerEndpoints(endpoints),
      intake: true,
    });
    const kafka = createKafka(kafkaSettings(config, endpoints.kafka.brokers), createLogger('silent'));
    producer = kafka.producer();
    await producer.connect();
  });
  after(async () => {
    await producer.disconnect();
    await worker.shutdown();
    await environment.close();
  });

  const emit = async (...envelopes: Record<string, unknown>[]) => {
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    await producer.send({
      topic,
      messages: envelopes.map((envelope) => ({
        key: String(envelope['correlation_id']),
        value: JSON.stringify(envelope),
      })),
    });
  };
  const envelope = (intents: readonly unknown[]) => ({
    envelope_version: '1.0',
    event_id: randomUUID(),
    event_type: 'INTENT_EMITTED',
    correlation_id: randomUUID(),
    payload: { intents },
  });

  it('executes every envelope once, however often it is delivered, and answers it', async () => {
    const bridge = randomUUID();
    const envelopes = Array.from({ length: 60 }, () =>
      envelope([persistState({ aggregation_id: bridge }), publishEvent({ partition_key: bridge })]),
    );
    await emit(...envelopes, ...envelopes);
    const wanted = envelopes.map(({ event_id }) => event_id).sort();
    await until(40_000, async () => {
      const { rows } = await environment.pool.query<{ event_id: string }>('SELECT event_id FROM intake_verdicts');
      assert.deepEqual(rows.map(({ event_id }) => event_id).sort(), wanted);
    });
    const results = await until(40_000, async () => {
      const events = await readEvents(environment, ['INTENT_RESULT']);
      assert.deepEqual([...new Set(events.map(({ envelope: { causation_id } }) => causation_id))].sort(), wanted);
      return events;
    });
    for (const { envelope: event } of results) {
      const sent = envelopes.find(({ event_id }) => event_id === event.causation_id);
      assert.equal(event.correlation_id, sent?.correlation_id);
      const verdict = event.payload as unknown as Verdict;
      assert.deepEqual([verdict.outcome, verdict.counts], ['completed', { succeeded: 2 }]);
    }
    const { rows } = await environment.pool.query<{ total: string }>(
      'SELECT sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = $1',
      [bridge],
    );
    assert.equal(rows[0]?.total, '6000');
    const published = (await readEvents(environment, ['AGGREGATION_STARTED'])).filter(({ key }) => key === bridge);
    assert.equal(published.length, 60);
  });
});
