/** These tests emit lists under event ids in capitals, and under ids that another list has, on the real servers. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Producer } from 'kafkajs';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { Conflict } from '../../src/domain/intake/list.js';
import { until } from '../../src/flow-control/until.js';
import { createLogger } from '../../src/log.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { persistState } from '../support/intents.js';
import { readRecords } from '../support/records.js';
import { rejectionOf } from '../support/rejected.js';
import { kafkaOf } from '../support/kafka-of.js';

describe('intake: event ids', function () {
  this.timeout(120_000);
  let environment: Environment;
  let worker: RunningWorker;
  let producer: Producer;
  before(async () => {
    environment = await createEnvironment({ worker: false });
    const { config, endpoints } = environment;
    const logger = createLogger(config.LOG_LEVEL);
    worker = await startWorker({ config, logger, endpoints, intake: true });
    producer = kafkaOf(endpoints.kafka).producer();
    await producer.connect();
  });
  after(async () => {
    await producer.disconnect();
    await worker.shutdown();
    await environment.close();
  });

  const topic = () => topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
  const emit = (partition: number, ...envelopes: object[]) =>
    producer.send({
      topic: topic(),
      messages: envelopes.map((envelope) => ({ partition, value: JSON.stringify(envelope) })),
    });
  const envelope = (intents: readonly unknown[], rest: object = {}) => ({
    envelope_version: '1.0',
    event_id: randomUUID(),
    event_type: 'INTENT_EMITTED',
    payload: { intents },
    ...rest,
  });
  /** Returns the INTENT_RESULT events of an event id, in any spelling. */
  const answers = async (eventId: string) =>
    (await readEvents(environment, ['INTENT_RESULT']))
      .map(({ envelope: event }) => event)
      .filter(({ causation_id }) => causation_id?.toLowerCase() === eventId);
  /** Waits for the answer to the other list that has the correlation id of a bridge, and returns its conflict. */
  const conflictOf = (bridge: string, eventId: string) =>
    until(40_000, async () => {
      const [answer] = (await answers(eventId)).filter(({ correlation_id }) => correlation_id === `other ${bridge}`);
      assert.ok(answer !== undefined);
      const { outcome, results, error, conflict } = answer.payload as unknown as Conflict;
      assert.deepEqual([outcome, results], ['failed', []]);
      assert.match(error ?? '', new RegExp(`^event_id: ${eventId} belongs to another list of intents `));
      return conflict;
    });
  /** Waits for the copies of messages on the `.dlq` topic, which say why they are there. */
  const copied = (...envelopes: { readonly event_id: string }[]) =>
    until(40_000, async () => {
      const copies = await readRecords(environment.endpoints.kafka, [`${topic()}.dlq`]);
      for (const given of envelopes) {
        const copy = copies.find(({ value }) => value === JSON.stringify(given));
        assert.match(
          rejectionOf(copy?.raw.headers ?? {}).reason ?? '',
          new RegExp(`^event_id: ${given.event_id} belongs to another list of intents `),
        );
      }
    });
  const totalOf = async (bridgeId: string): Promise<string | null> => {
    const { rows } = await environment.pool.query<{ total: string | null }>(
      'SELECT sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = $1',
      [bridgeId],
    );
    return rows[0]?.total ?? null;
  };

  it('are answered as their senders have written them, and executed once in any spelling', async () => {
    const bridge = randomUUID();
    const lower = envelope([persistState({ aggregation_id: bridge })]);
    const upper = { ...lower, event_id: lower.event_id.toUpperCase() };
    const idsOf = async () =>
      (await answers(lower.event_id)).map((event) => [
        event.causation_id,
        event.correlation_id,
        event.payload['event_id'],
      ]);
    await emit(0, upper);
    const inCapitals = [upper.event_id, upper.event_id, upper.event_id];
    await until(40_000, async () => assert.deepEqual(await idsOf(), [inCapitals]));
    for (const id of [upper.event_id, lower.event_id]) {
      const report = await environment.client.awaitResult(id, { timeoutMs: 20_000 });
      assert.deepEqual([report.event_id, report.correlation_id, report.outcome], [id, id, 'completed']);
    }
    await emit(0, lower);
    const inLowerCase = [lower.event_id, lower.event_id, lower.event_id];
    await until(40_000, async () => assert.deepEqual(await idsOf(), [inCapitals, inLowerCase]));
    const { rows } = await environment.pool.query<{ event_id: string }>(
      'SELECT event_id FROM intake_verdicts WHERE lower(event_id) = $1',
      [lower.event_id],
    );
    assert.deepEqual(rows, [{ event_id: lower.event_id }]);
    assert.equal(await totalOf(bridge), '100');
  });

  it('that belong to another list have no effect a second time, and both senders are answered', async () => {
    const bridges = Array.from({ length: 4 }, () => randomUUID());
    const of = (index: number) => [persistState({ aggregation_id: bridges[index]! })];
    const correlation_id = `first ${bridges[0]}`;
    const first = envelope(of(0), { correlation_id });
    const [beside, later] = [1, 2].map((index) => ({
      ...envelope(of(index), { correlation_id: `other ${bridges[index]}` }),
      event_id: first.event_id,
    }));
    // Two lists come in one slice, unless the intake reads the first one alone; the third comes in a later slice.
    await emit(1, first, beside!, first);
    const { offset } = await conflictOf(bridges[1]!, first.event_id);
    const report = await environment.client.awaitResult(first.event_id, { timeoutMs: 20_000 });
    assert.deepEqual([report.outcome, report.correlation_id], ['completed', correlation_id]);
    await emit(1, later!, first);
    const conflict = await conflictOf(bridges[2]!, first.event_id);
    assert.deepEqual([conflict.partition, Number(conflict.offset) - Number(offset)], [`intake/${topic()}/1`, 2]);
    assert.deepEqual(await environment.client.awaitResult(first.event_id), report);
    assert.deepEqual(await Promise.all(bridges.map(totalOf)), ['100', null, null, null]);
    // Every answer of the first list is its own verdict, and each conflict has an event id of its own.
    const said = await answers(first.event_id);
    assert.deepEqual(
      new Set(said.map((event) => `${event.correlation_id} ${String(event.payload['outcome'])}`)),
      new Set([`${correlation_id} completed`, `other ${bridges[1]} failed`, `other ${bridges[2]} failed`]),
    );
    assert.equal(new Set(said.map(({ event_id }) => event_id)).size, 3);
    await copied(beside!, later!);
    assert.match(
      await (await fetch(`http://127.0.0.1:${worker.httpPort}/metrics`)).text(),
      /^list_conflicts_total 2$/m,
    );
  });

  it('of a parked list belong to it: another list is answered at once, and the parked one later', async () => {
    const [locked, bridge] = [randomUUID(), randomUUID()];
    await emit(0, envelope([persistState({ aggregation_id: locked })]));
    await until(40_000, async () => assert.equal(await totalOf(locked), '100'));
    const holder = await environment.pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM bridge_state_rows WHERE bridge_id = $1 FOR UPDATE', [locked]);
    const parked = envelope([persistState({ aggregation_id: locked })], { correlation_id: 'parked' });
    const other = { ...envelope([persistState({ aggregation_id: bridge })], { correlation_id: `other ${bridge}` }) };
    try {
      await emit(0, parked);
      await until(40_000, async () => {
        const { rowCount } = await environment.pool.query('SELECT FROM intake_parked WHERE event_id = $1', [
          parked.event_id,
        ]);
        assert.equal(rowCount, 1);
      });
      // The other list comes by another partition, and its own row is free.
      await emit(1, { ...other, event_id: parked.event_id });
      await conflictOf(bridge, parked.event_id);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    const report = await environment.client.awaitResult(parked.event_id, { timeoutMs: 40_000 });
    assert.deepEqual([report.outcome, report.correlation_id], ['completed', 'parked']);
    assert.deepEqual([await totalOf(locked), await totalOf(bridge)], ['200', null]);
    await copied({ ...other, event_id: parked.event_id });
  });
});
