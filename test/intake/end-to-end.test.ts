/** These tests follow an envelope from its topic to its rows, events and result, with the worker's own intake. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Producer } from 'kafkajs';
import { createLogger } from '../../src/log.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { Verdict } from '../../src/domain/intake/list.js';
import { createKafka } from '../../src/kafka/client.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { until } from '../../src/flow-control/until.js';
import { startWorker, type RunningWorker } from '../../src/worker/run.js';
import { bridge } from '../support/bridge.js';
import { bridgeHere } from '../support/bridge-here.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readTopic } from '../support/console-consumer.js';
import { readEvents } from '../support/events.js';
import { persistState, publishEvent } from '../support/intents.js';
import { rejectionOf } from '../support/rejected.js';

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
      endpoints,
      intake: true,
    });
    const kafka = createKafka(kafkaSettings(config, endpoints.kafka), createLogger('silent'));
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

  it('answers a list with an invalid intent, and copies its envelope to the .dlq topic, bytes and reason', async () => {
    const { config, endpoints, pool } = environment;
    const bridge = randomUUID();
    const invalid = envelope([persistState({ aggregation_id: bridge }), persistState({ aggregation_id: 'seven' })]);
    const refused = { ...envelope([persistState()]), payload: { intents: [persistState()], options: { fast: true } } };
    await emit(envelope([persistState()]), invalid, refused);
    const topic = topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    const copies = await until(40_000, async () => {
      const read = await readTopic(endpoints, config.BRIDGE_CACHE_DIR, `${topic}.dlq`);
      assert.equal(read.length, 2);
      return read;
    });
    const reasons = new Map(copies.map(({ value, headers }) => [value, rejectionOf(headers).reason]));
    assert.match(
      reasons.get(JSON.stringify(invalid)) ?? '',
      /^payload\.intents\[1\]: payload\.aggregation_id: expected a/,
    );
    assert.match(reasons.get(JSON.stringify(refused)) ?? '', /^options: expected no unknown fields \(fast\)/);
    const { rows } = await pool.query<{ outcome: string }>(
      `SELECT verdict ->> 'outcome' AS outcome FROM intake_verdicts WHERE event_id IN ($1, $2) ORDER BY event_id = $2`,
      [invalid.event_id, refused.event_id],
    );
    assert.deepEqual(
      rows.map(({ outcome }) => outcome),
      ['partial', 'failed'],
    );
    const { rowCount } = await pool.query('SELECT FROM bridge_states WHERE bridge_id = $1', [bridge]);
    assert.equal(rowCount, 1, 'its other intent was carried out');
  });

  it('bridge emit, of a real history and twice: the expected rows exactly, and a verdict for each list', async () => {
    const { env, pool } = environment;
    const data = (name: string): URL => new URL(`../data/kafka-client-history.${name}`, import.meta.url);
    const lists = (await readFile(data('ndjson'), 'utf8')).replaceAll(
      '"request_id":"',
      `"request_id":"${randomUUID()}-`,
    );
    const expected = JSON.parse(await readFile(data('expected.json'), 'utf8')) as {
      lists: number;
      rows: readonly { bridge_id: string; namespace: string }[];
      fsm_transitions_rows: number;
      latest_state_counts: Readonly<Record<string, number>>;
    };
    const emit = async () => {
      const run = await bridge(['emit', '-', '--json'], env, lists);
      assert.equal(run.code, 0, run.stderr);
      return run.json() as { event_id: string }[];
    };
    const first = await emit();
    assert.equal(first.length, expected.lists);
    const ids = (emitted: readonly { event_id: string }[]) => emitted.map(({ event_id }) => event_id);
    assert.deepEqual(ids(await emit()), ids(first), 'the same list is the same event');
    await until(60_000, async () => {
      const { rows } = await pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM intake_verdicts WHERE event_id = ANY ($1) AND verdict ->> 'outcome' = 'completed'`,
        [ids(first)],
      );
      assert.equal(rows[0]?.count, expected.lists);
    });
    // The marker is emitted behind the repeats. Once it has its verdict, nothing more comes of the repeats.
    const marker = (await bridgeHere(['emit', '-', '--json'], env, JSON.stringify([persistState()]))).json() as {
      event_id: string;
    }[];
    await until(60_000, async () => {
      const { rowCount } = await pool.query('SELECT FROM intake_verdicts WHERE event_id = $1', [marker[0]!.event_id]);
      assert.equal(rowCount, 1);
    });
    const { rows } = await pool.query(
      `SELECT bridge_id, namespace, total_workflows_processed::int, total_items_aggregated::int FROM bridge_states
       WHERE bridge_id = ANY ($1::uuid[]) ORDER BY bridge_id, namespace`,
      [expected.rows.map(({ bridge_id }) => bridge_id)],
    );
    const order = (a: { bridge_id: string; namespace: string }, b: typeof a): number =>
      a.bridge_id + a.namespace < b.bridge_id + b.namespace ? -1 : 1;
    assert.deepEqual([...(rows as typeof expected.rows)].sort(order), [...expected.rows].sort(order));
    const transitions = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM fsm_transitions');
    assert.equal(transitions.rows[0]?.count, expected.fsm_transitions_rows);
    const states = await pool.query<{ state: string; count: number }>(
      'SELECT current_state AS state, count(*)::int AS count FROM fsm_states GROUP BY 1',
    );
    assert.deepEqual(
      Object.fromEntries(states.rows.map(({ state, count }) => [state, count])),
      expected.latest_state_counts,
    );
  }).timeout(180_000);

  it('bridge emit sends nothing of a file with a wrong line, and names it', async () => {
    const run = await bridgeHere(['emit', '-'], environment.env, '{"intents":[]}\n{"intents":7}\n');
    assert.equal(run.code, 2);
    assert.match(run.stderr, /^bridge: nothing was emitted\n {2}line 2: intents: expected an array, got number 7\n$/);
  });
});
