/**
 * These tests send nulls, and values that only code can give, by both ways of the client: started, and by the intake.
 * They read what is stored and published.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Intent, StoreEffectClient } from '../../src/client/index.js';
import { createLogger } from '../../src/log.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';

/** Every optional field of every type, as Pydantic's `model_dump()` sends those that are not set. */
const NULLS = {
  PersistState: { fsm_states: null, timestamp: null },
  namespace: {
    total_size_bytes: null,
    unique_file_types_count: null,
    file_types: null,
    unique_workflows_count: null,
    workflow_ids: null,
  },
  PersistFSMTransition: {
    previous_state: null,
    transition_count: null,
    transition_record: null,
    transition_history: null,
    metadata: null,
    timestamp: null,
  },
  PublishEvent: { aggregation_id: null, correlation_id: null, causation_id: null, source_node_id: null },
  RecoverFSMStates: {
    timestamp: null,
    request_all_workflows: null,
    since_days: null,
    limit: null,
    cursor: null,
    namespaces: null,
    states: null,
    with_total: null,
  },
  intent: { priority: null, intent_id: null },
  options: { requestId: null, correlationId: null, failFastPriority: null, derivedEvents: null },
};

describe('values as callers have them', function () {
  this.timeout(60_000);
  let environment: Environment;
  let worker: RunningWorker;
  let client: StoreEffectClient;
  before(async () => {
    environment = await createEnvironment({ worker: false });
    const { config, workerEndpoints: endpoints } = environment;
    const logger = createLogger(config.LOG_LEVEL);
    worker = await startWorker({ config, logger, endpoints, intake: true });
    const kafka = { brokers: endpoints.kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX };
    const { address, namespace } = endpoints.temporal;
    client = await StoreEffectClient.connect({ address, namespace, taskQueue: config.TEMPORAL_TASK_QUEUE, kafka });
  });
  after(async () => {
    await client.close();
    await worker.shutdown();
    await environment.close();
  });

  const WAYS: Record<string, (intents: Intent[], options?: typeof NULLS.options) => Promise<unknown[]>> = {
    started: async (intents, options) => [...(await client.executeIntents(intents, options)).results],
    emitted: async (intents, options) => {
      const { eventId } = await client.emitIntents(intents, options);
      return [...(await client.awaitResult(eventId, { timeoutMs: 30_000 })).results];
    },
  };

  const listOf = (id: string, nulls: typeof NULLS | null, own: unknown = 1) =>
    [
      {
        intent_type: 'PersistState',
        target: 'store_effect',
        payload: {
          aggregation_id: id,
          aggregated_data: { ns: { total_stamps: 7, own, ...nulls?.namespace } },
          ...nulls?.PersistState,
        },
      },
      {
        intent_type: 'PersistFSMTransition',
        target: 'store_effect',
        payload: { workflow_id: id, current_state: 'A', ...nulls?.PersistFSMTransition },
      },
      {
        intent_type: 'PublishEvent',
        target: 'event_bus',
        payload: { event_type: 'NODE_HEARTBEAT', partition_key: id, own, ...nulls?.PublishEvent },
      },
      {
        intent_type: 'RecoverFSMStates',
        target: 'store_effect',
        payload: { recovery_id: 'r', ...nulls?.RecoverFSMStates },
      },
    ].map((intent) => ({ ...intent, ...nulls?.intent })) as Intent[];

  /** Returns what is stored of a list, but for ids and times of its own. */
  async function storedOf(id: string): Promise<unknown> {
    const { rows } = await environment.pool.query(
      `SELECT total_items_aggregated AS items, total_workflows_processed AS workflows, aggregation_metadata AS metadata,
         current_fsm_state AS state, from_state, to_state, transition_event, transition_data, transition_count, epoch
       FROM bridge_states JOIN fsm_transitions ON entity_id = bridge_id WHERE bridge_id = $1`,
      [id],
    );
    assert.equal(rows.length, 1);
    return rows[0];
  }
  const publishedOf = async (key: string) => {
    const events = await readEvents(environment, ['NODE_HEARTBEAT']);
    return events.filter((event) => event.key === key).map(({ envelope: { payload } }) => payload);
  };
  const statusesOf = (results: unknown[]) => results.map((result) => (result as { status: string }).status);

  for (const [way, execute] of Object.entries(WAYS)) {
    it(`null is absent, when ${way}: rows are the same`, async () => {
      const [nulls, none] = [randomUUID(), randomUUID()];
      const succeeded = Array(4).fill('succeeded');
      assert.deepEqual(statusesOf(await execute(listOf(none, null))), succeeded);
      assert.deepEqual(statusesOf(await execute(listOf(nulls, NULLS), NULLS.options)), succeeded);
      assert.deepEqual(await storedOf(nulls), await storedOf(none));
      const [event] = await publishedOf(nulls);
      assert.deepEqual(event, { event_type: 'NODE_HEARTBEAT', partition_key: nulls, own: 1, ...NULLS.PublishEvent });
    });

    it(`times, bytes and classes are stored and published as JSON has them, when ${way}`, async () => {
      const id = randomUUID();
      const own = { at: new Date(0), data: Buffer.from('a'), gone: undefined, big: '9007199254740993' };
      const json = { at: '1970-01-01T00:00:00.000Z', data: { type: 'Buffer', data: [97] }, big: own.big };
      assert.deepEqual(statusesOf(await execute(listOf(id, null, own))), Array(4).fill('succeeded'));
      assert.deepEqual(((await storedOf(id)) as { metadata: unknown }).metadata, { own: json });
      assert.deepEqual(await publishedOf(id), [{ event_type: 'NODE_HEARTBEAT', partition_key: id, own: json }]);
    });

    it(`a NaN beside a time is refused by its path, and nothing is ${way}`, async () => {
      const id = randomUUID();
      await assert.rejects(execute(listOf(id, null, { at: new Date(0), mean: NaN })), {
        name: 'RequestError',
        message: 'intents[0].payload.aggregated_data.ns.own.mean: expected a finite number, got number NaN',
      });
      assert.deepEqual(await publishedOf(id), []);
      const { rows } = await environment.pool.query('SELECT 1 FROM bridge_states WHERE bridge_id = $1', [id]);
      assert.deepEqual(rows, []);
    });
  }
});
