import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { builtinEffects } from '../../activities/index.js';
import { workerEndpoints } from '../../src/cli/context.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/until.js';
import { startWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { createGate, gatedIntent } from '../support/gate.js';
import { persistState, publishEvent } from '../support/intents.js';
import { switchableServer } from '../support/switchable-server.js';

describe('worker', () => {
  const get = async (environment: Environment, path: string) => {
    const response = await fetch(`http://127.0.0.1:${environment.worker?.httpPort ?? 0}${path}`);
    return { status: response.status, body: await response.text() };
  };

  describe('/health, /ready and /metrics', () => {
    let environment: Environment;
    before(async () => {
      environment = await createEnvironment();
    });
    after(() => environment.close());

    it('is alive and ready, and says why', async () => {
      assert.deepEqual(await get(environment, '/health'), {
        status: 200,
        body: '{"ok":true,"detail":"worker RUNNING"}\n',
      });
      const ready = await get(environment, '/ready');
      assert.equal(ready.status, 200);
      const { checks } = JSON.parse(ready.body) as { checks: Record<string, { ok: boolean }> };
      assert.deepEqual(
        Object.entries(checks).map(([name, { ok }]) => [name, ok]),
        [
          ['worker', true],
          ['postgres', true],
          ['kafka', true],
        ],
      );
      assert.equal((await get(environment, '/nowhere')).status, 404);
      assert.equal((await get(environment, '//')).status, 404);
    });

    it('counts what it does under the seed’s names, and shows the pool and Temporal’s metrics', async () => {
      await environment.client.executeIntents([persistState(), publishEvent(), { ...persistState(), target: 'x' }]);
      const { body } = await get(environment, '/metrics');
      for (const line of [
        'intents_executed_total{intent_type="PersistState",status="succeeded"} 1',
        'intents_executed_total{intent_type="PublishEvent",status="succeeded"} 1',
        'database_operations_total{operation="persist_state"} 1',
        `kafka_events_published_total{topic="${environment.config.KAFKA_TOPIC_PREFIX}.reducer.events.aggregation_started"} 1`,
      ]) {
        assert.ok(body.includes(line), line);
      }
      assert.match(body, /^avg_intent_latency_ms\{intent_type="PersistState"\} [\d.]+$/m);
      assert.match(body, /^intent_duration_seconds_count\{intent_type="PublishEvent"\} 1$/m);
      assert.match(body, /^pg_pool_connections \d+$/m);
      assert.match(body, /^pg_pool_pressure_total \d+$/m);
      assert.match(body, /^pg_slow_checkouts_total \d+$/m);
      assert.match(body, /^pg_slow_queries_total \d+$/m);
      assert.match(body, /^temporal_/m);
      assert.match(body, /^# HELP intents_failed_total /m);
    });
  });

  it('is not ready while PostgreSQL cannot be reached', async () => {
    const environment = await createEnvironment({ worker: false });
    const worker = await startWorker({
      config: environment.config,
      logger: createLogger('silent'),
      endpoints: { ...workerEndpoints(environment.endpoints), databaseUrl: 'postgres://postgres@127.0.0.1:1/none' },
    });
    try {
      const ready = await fetch(`http://127.0.0.1:${worker.httpPort}/ready`);
      assert.equal(ready.status, 503);
      const { checks } = (await ready.json()) as { checks: Record<string, { ok: boolean; detail: string }> };
      assert.equal(checks['postgres']?.ok, false);
      assert.match(checks['postgres'].detail, /ECONNREFUSED/);
      assert.equal((await fetch(`http://127.0.0.1:${worker.httpPort}/health`)).status, 200);
    } finally {
      await worker.shutdown();
      await environment.close();
    }
  });

  it('starts while Kafka is away: rows are written, events are kept, and later ones are sent when it is back', async () => {
    const environment = await createEnvironment({ worker: false });
    const broker = await switchableServer(`kafka://${environment.endpoints.kafka.brokers[0]}`);
    const worker = await startWorker({
      config: environment.config,
      logger: createLogger('silent'),
      endpoints: { ...workerEndpoints(environment.endpoints), kafkaBrokers: [new URL(broker.url).host] },
    });
    const ready = async () => (await fetch(`http://127.0.0.1:${worker.httpPort}/ready`)).status;
    try {
      assert.equal(await ready(), 503);
      const away = await environment.client.executeIntents([persistState(), publishEvent()]);
      assert.deepEqual(away.counts, { succeeded: 1, dead_lettered: 1 }, JSON.stringify(away.results));
      await broker.on();
      await until(10_000, async () => assert.equal(await ready(), 200));
      assert.deepEqual((await environment.client.executeIntents([publishEvent()])).counts, { succeeded: 1 });
    } finally {
      await worker.shutdown();
      await broker.off();
      await environment.close();
    }
  });

  it('refuses to start on a port that is taken, and leaves nothing open', async () => {
    const environment = await createEnvironment({ worker: false });
    const taken = createServer().listen(0);
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    try {
      const start = startWorker({
        config: { ...environment.config, PORT: port },
        logger: createLogger('silent'),
        endpoints: workerEndpoints(environment.endpoints),
      });
      await assert.rejects(start, { code: 'EADDRINUSE' });
    } finally {
      taken.close();
      await environment.close();
    }
  });

  it('lets a running activity finish before it stops', async () => {
    const gate = createGate();
    const effects = [...builtinEffects, gate.effect];
    const environment = await createEnvironment({ effects });
    const running = gate.close();
    const { workflowId } = await environment.client.start([gatedIntent(5)], { requestId: randomUUID() });
    await running;
    const stopped = environment.worker?.shutdown();
    gate.open();
    await stopped;
    const next = await startWorker({
      config: environment.config,
      logger: createLogger('silent'),
      endpoints: workerEndpoints(environment.endpoints),
      effects,
    });
    try {
      assert.equal((await environment.client.result(workflowId)).outcome, 'completed');
      assert.equal(gate.calls, 1, 'the activity was not killed and run again');
    } finally {
      await next.shutdown();
      await environment.close();
    }
  });

  it('ends a cancelled execution at a batch boundary, and reports what ran and what did not', async () => {
    const gate = createGate();
    const environment = await createEnvironment({ effects: [...builtinEffects, gate.effect] });
    const running = gate.close();
    try {
      const [before, state] = [persistState({}, { priority: 9 }), persistState()];
      // The two at the gate are of one lane, a batch each.
      const list = [state, gatedIntent(5), gatedIntent(5), before];
      const { workflowId } = await environment.client.start(list, { requestId: randomUUID() });
      await running;
      const progress = await environment.client.progress(workflowId);
      assert.deepEqual(progress, { total: 4, settled: 1, succeeded: 1, failed: 0, priority: 5 });
      await environment.client.cancel(workflowId);
      gate.open();
      const report = await environment.client.result(workflowId);
      assert.equal(report.outcome, 'cancelled');
      assert.deepEqual(
        report.results.map(({ status, error }) => [status, error]),
        [
          ['skipped', 'skipped: the execution was cancelled'],
          ['succeeded', null],
          ['skipped', 'skipped: the execution was cancelled'],
          ['succeeded', null],
        ],
      );
      assert.equal(gate.calls, 1);
      const announced = await readEvents(environment, ['STATE_PERSISTED']);
      assert.deepEqual(
        announced.map(({ envelope }) => envelope.payload['aggregation_id']),
        [before.payload.aggregation_id],
      );
      const { rows } = await environment.pool.query('SELECT 1 FROM bridge_states WHERE bridge_id = $1', [
        state.payload.aggregation_id,
      ]);
      assert.equal(rows.length, 0);
      assert.equal((await environment.temporal.workflow.getHandle(workflowId).describe()).status.name, 'CANCELLED');
    } finally {
      await environment.close();
    }
  });
});
