/** These tests check that each invariant can fail. They write the fault that it is to find where it looks. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type EventType, topicOf } from '../../src/domain/events/event-types.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import type { TopicRecord } from '../support/records.js';
import { checkOnce } from './events.js';
import { checkTasks, type Execution } from './executions.js';
import { assertInvariants } from './index.js';
import { checkReports } from './reports.js';
import { kafkaOf } from '../support/kafka-of.js';

describe('invariants', () => {
  let environment: Environment;
  before(async () => {
    const why = 'broken here on purpose';
    environment = await createEnvironment({
      worker: false,
      except: { announced: why, intake: why, once: why, contract: why },
    });
  });
  after(() => environment.close());

  const kafka = () => kafkaOf(environment.endpoints.kafka);
  async function publish(type: EventType, ...events: readonly object[]): Promise<void> {
    const producer = kafka().producer();
    await producer.connect();
    const messages = events.map((event) => ({ value: JSON.stringify({ event_type: type, metadata: {}, ...event }) }));
    await producer.send({ topic: topicOf(environment.config.KAFKA_TOPIC_PREFIX, type), messages });
    await producer.disconnect();
  }
  async function ledgerRow(type: string, outcome: object): Promise<string> {
    const id = randomUUID();
    await environment.pool.query(
      `INSERT INTO executed_intents (intent_id, intent_type, payload_hash, execution_id, outcome)
       VALUES ($1, $2, '', 'planted', $3)`,
      [id, type, JSON.stringify(outcome)],
    );
    return id;
  }
  /** Stores the verdict of a list with one intent that is reported as succeeded. */
  async function verdict(): Promise<string> {
    const id = randomUUID();
    const results = [{ intent_id: randomUUID(), intent_type: 'PersistState', status: 'succeeded', success: true }];
    await environment.pool.query('INSERT INTO intake_verdicts (event_id, verdict) VALUES ($1, $2)', [
      id,
      JSON.stringify({ outcome: 'completed', counts: { succeeded: 2 }, results }),
    ]);
    return id;
  }
  const finds = (problem: RegExp) => assert.rejects(assertInvariants(environment, {}), problem);
  const forget = (table: string) => environment.pool.query(`DELETE FROM ${table}`);

  it('find nothing where nothing is wrong', () => assertInvariants(environment, {}));

  it('find totals and transitions that the ledger does not add up to', async () => {
    const bridge = randomUUID();
    await ledgerRow('PersistState', { aggregation_id: bridge, total_items: 7, total_workflows: 1 });
    await finds(new RegExp(`rows: bridge ${bridge} holds 0 items`));
    const transition = randomUUID();
    await ledgerRow('PersistFSMTransition', { transition_id: transition, duplicate: false });
    await finds(new RegExp(`names transition ${transition}, which is not its own`));
    await forget('executed_intents');
    const nobody = randomUUID();
    await environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, intent_id)
       VALUES ($1, 'planted', 'A', 'planted', $2)`,
      [randomUUID(), nobody],
    );
    await finds(
      new RegExp(`rows: transition \\S+ of intent ${nobody} is in the table 1 times, and in the ledger: f\\b`),
    );
    await forget('fsm_transitions');
    await environment.pool.query('INSERT INTO intake_parked_keys VALUES (1, 7)');
    await finds(/rows: parked list 7 has other keys/);
    await forget('intake_parked_keys');
  });

  it('find verdicts that the ledger, or their own counts, deny, and those that nobody gets', async () => {
    const id = await verdict();
    await finds(/reports: PersistState \S+ is told as succeeded, and is not in the ledger/);
    await finds(/reports: a report counts \[\["succeeded",2\]\], and holds \[\["succeeded",1\]\]/);
    await finds(new RegExp(`results: list ${id} has a verdict, and nobody is told`));
    await publish('INTENT_RESULT', {
      event_id: randomUUID(),
      causation_id: id,
      payload: { outcome: 'failed', results: [] },
    });
    await finds(new RegExp(`results: list ${id} is told as \\["failed",\\[\\]\\], and stored as`));
    await forget('intake_verdicts');
  });

  it('find effects without their event, events without an effect, and events that are published twice', async () => {
    const [event, effect] = [randomUUID(), randomUUID()];
    const published = await ledgerRow('PublishEvent', { event_id: event });
    await finds(new RegExp(`announced: event ${event} of ${published} is neither on its topic nor a dead letter`));
    const state = await ledgerRow('PersistState', {});
    await finds(new RegExp(`announced: ${state} STATE_PERSISTED: the effect is not announced`));
    await publish('STATE_PERSISTED', { event_id: randomUUID(), metadata: { intent_id: effect } });
    await finds(new RegExp(`announced: ${effect} STATE_PERSISTED: there is no such effect`));
    await publish('NODE_HEARTBEAT', { event_id: event }, { event_id: event });
    await finds(new RegExp(`once: event ${event} is on its topic 2 times`));
    await environment.pool.query(
      `INSERT INTO dead_letters (event_id, topic, message_key, message_value, failure_reason, retry_attempts)
       VALUES ($1, 'planted', '', '{}', '', 1)`,
      [event],
    );
    await finds(new RegExp(`announced: event ${event} of ${published} is on its topic and an open dead letter too`));
    const announcement = { metadata: { intent_id: state } };
    await publish('STATE_PERSISTED', ...[1, 2].map(() => ({ event_id: randomUUID(), ...announcement })));
    await finds(new RegExp(`announced: ${state} STATE_PERSISTED: announced under 2 event ids`));
    await forget('dead_letters');
    await forget('executed_intents');
  });

  it('allow an event again for each repeated attempt of the execution that tells of it', async () => {
    const [intent, other] = [randomUUID(), randomUUID()];
    const attempts = [1, 3].map((attempt) => ({ activityTaskStartedEventAttributes: { attempt } }));
    const execution = {
      type: 'ExecuteIntentsWorkflow',
      history: { events: attempts },
      input: { intents: [{ intent_id: intent }] },
    } as unknown as Execution;
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'STATE_PERSISTED');
    const told = (id: string, times: number) =>
      Array.from({ length: times }, () => ({
        topic,
        value: JSON.stringify({ event_id: id, event_type: 'STATE_PERSISTED', metadata: { intent_id: id } }),
      }));
    const check = (...records: object[]) => checkOnce(environment, [execution], records as TopicRecord[]);
    assert.deepEqual(await check(...told(intent, 3), ...told(other, 1)), []);
    assert.deepEqual(await check(...told(intent, 4), ...told(other, 2)), [
      `event ${intent} is on its topic 4 times`,
      `event ${other} is on its topic 2 times`,
    ]);
  });

  it('find results that are reported otherwise than they are', async () => {
    const [done, ...others] = [await ledgerRow('PersistState', {}), randomUUID(), randomUUID()];
    const results = [
      { intent_id: done, intent_type: 'PersistState', status: 'failed', success: false },
      { intent_id: others[0], intent_type: 'PersistState', status: 'succeeded', success: true, event_published: true },
      { intent_id: others[1], intent_type: 'PublishEvent', status: 'dead_lettered', success: true },
    ];
    const execution = {
      workflowId: 'planted',
      runId: 'run',
      type: 'ExecuteIntentsWorkflow',
      status: 'COMPLETED',
      history: {},
      input: {},
      output: { counts: { dead_lettered: 1, failed: 1, succeeded: 1 }, results },
    } as unknown as Execution;
    await environment.pool.query(`UPDATE executed_intents SET execution_id = 'planted/run' WHERE intent_id = $1`, [
      done,
    ]);
    assert.deepEqual(await checkReports(environment, [execution], []), [
      `PersistState ${done} is told as failed, and its effect is in the ledger`,
      `PersistState ${others[0]} is told as succeeded, and is not in the ledger`,
      `PersistState ${others[0]}: its event is told as published, and is not on its topic`,
      `PublishEvent ${others[1]} is told as dead_lettered, and is no dead letter`,
    ]);
    await forget('executed_intents');
  });

  it('find executions that the ledger knows, and the server does not', async () => {
    const id = `planted/${randomUUID()}`;
    await ledgerRow('RecoverFSMStates', {});
    await environment.pool.query('UPDATE executed_intents SET execution_id = $1', [id]);
    await finds(new RegExp(`executions that the ledger has effects of are not listed[^]*${id}`));
    await forget('executed_intents');
  }).timeout(60_000);

  it('find events that are not as the contract says', async () => {
    await publish('STATE_PERSISTED', { payload: {} });
    await finds(/contract: \S+state_persisted\/\d\/\d: state-persisted: value must have required property/);
  });

  it('find parked lists that nobody tries again, and offsets behind which nothing is answered', async () => {
    await environment.pool.query(
      `INSERT INTO intake_parked (event_id, partition, keys, list, intents) VALUES ($1, 'p', '{}', '{}', 1)`,
      [randomUUID()],
    );
    await finds(/intake: 1 lists of p are parked, and no execution runs/);
    await forget('intake_parked');
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    const id = randomUUID();
    await publish('INTENT_EMITTED', { event_id: id });
    const admin = kafka().admin();
    await admin.connect();
    const groupId = `bridge-store-effect-intake-${environment.config.KAFKA_TOPIC_PREFIX}`;
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await admin.setOffsets({ groupId, topic, partitions });
    await admin.disconnect();
    await finds(new RegExp(`intake: message \\d/0 \\(${id}\\) is committed, and neither answered`));
  });

  it('find a transaction that is left open', async () => {
    const client = await environment.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock(1)');
      await finds(/locks: connection \d+ is idle in transaction/);
    } finally {
      client.release(true);
    }
  }).timeout(30_000);

  it('find workflow tasks that failed', async () => {
    const failed = { workflowTaskFailedEventAttributes: { failure: { message: 'not as it was' } } };
    const execution = { workflowId: 'w', history: { events: [{}, failed] } } as unknown as Execution;
    assert.deepEqual(await checkTasks(environment, [execution]), ['w: a workflow task failed: not as it was']);
  });
});
