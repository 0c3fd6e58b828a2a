import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { quoted } from '../../src/temporal/visibility.js';
import { until } from '../../src/flow-control/until.js';
import { readEvents } from '../support/events.js';
import { createGate, gatedIntent } from '../support/gate.js';
import { persistState, publishEvent, recoverFsmStates } from '../support/intents.js';
import { switchableServer } from '../support/switchable-server.js';
import { checksOf, emitList, get, useWorkers } from './support.js';

describe('worker', () => {
  const workers = useWorkers();

  it('is alive and ready, and says why', async () => {
    const { worker } = await workers.start();
    assert.deepEqual(await get(worker, '/health'), { status: 200, body: '{"ok":true,"detail":"worker RUNNING"}\n' });
    const { status, checks } = await checksOf(worker);
    assert.equal(status, 200);
    assert.deepEqual(
      Object.entries(checks).map(([name, { ok }]) => [name, ok]),
      [
        ['worker', true],
        ['postgres', true],
        ['kafka', true],
      ],
    );
  });

  it('logs in as the printed role of a worker', async () => {
    await workers.start();
    const { rows } = await workers.environment.pool.query(
      `SELECT DISTINCT usename AS role FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'bridge-worker-%'`,
    );
    assert.deepEqual(rows, [{ role: 'bridge_worker' }]);
  });

  it('is not ready while PostgreSQL cannot be reached', async () => {
    const { worker } = await workers.start({
      endpoints: { postgres: { url: 'postgres://postgres@127.0.0.1:1/none' } },
    });
    const { status, checks } = await checksOf(worker);
    assert.equal(status, 503);
    assert.deepEqual([checks['postgres']?.ok, checks['kafka']?.ok], [false, true]);
    assert.match(checks['postgres']!.detail, /ECONNREFUSED/);
    assert.equal((await get(worker, '/health')).status, 200);
  });

  it('is not ready while its intake is not in its group, though all else is well', async () => {
    // No broker takes a topic of such a name, so the intake never joins its group.
    const { worker } = await workers.start({ intake: true, config: { KAFKA_TOPIC_PREFIX: 'no topic' } });
    const { status, checks } = await checksOf(worker);
    assert.deepEqual(checks['intake'], { ok: false, detail: 'not in the group' });
    assert.deepEqual(
      ['worker', 'postgres', 'kafka'].map((name) => checks[name]?.ok),
      [true, true, true],
    );
    assert.equal(status, 503);
  });

  async function whileStatesAreLocked(work: (unlock: () => Promise<unknown>) => Promise<void>): Promise<void> {
    const locker = await workers.environment.pool.connect();
    const unlock = () => locker.query('ROLLBACK');
    try {
      await locker.query('BEGIN; LOCK TABLE fsm_states IN ACCESS EXCLUSIVE MODE');
      await work(unlock);
    } finally {
      await unlock();
      locker.release();
    }
  }

  it('gives a statement as long as the setting says, and answers a recovery that takes longer', async () => {
    const { client } = await workers.start({ config: { PG_STATEMENT_TIMEOUT_MS: 300 } });
    await whileStatesAreLocked(async () => {
      const { workflowId } = await client.start([recoverFsmStates()]);
      // By default a statement has a minute.
      await until(10_000, async () => {
        const { status } = await workers.environment.temporal.workflow.getHandle(workflowId).describe();
        assert.equal(status.name, 'COMPLETED');
      });
      const [result] = (await client.result(workflowId)).results;
      assert.match(JSON.stringify(result), /PostgreSQL timed out after 0 states/);
    });
  });

  it('opens as many connections as the setting says, and waits as long for one', async () => {
    const { worker, client } = await workers.start({ config: { PG_POOL_MAX: 1, PG_CHECKOUT_TIMEOUT_MS: 200 } });
    await whileStatesAreLocked(async (unlock) => {
      const { workflowId } = await client.start([recoverFsmStates()]);
      // The recovery has the only connection. By default the check gets another one, and would wait for one until it is
      // given up.
      await until(10_000, async () => {
        assert.match((await checksOf(worker)).checks['postgres']!.detail, /^PostgreSQL: all 1 connections are busy$/);
      });
      await unlock();
      assert.equal((await client.result(workflowId)).outcome, 'completed');
    });
  });

  it('waits an outage out for as long as the setting says, and reports what nobody knows then', async () => {
    const { client } = await workers.start({
      config: { OUTAGE_BUDGET_SECONDS: 0.1 },
      endpoints: { postgres: { url: 'postgres://postgres@127.0.0.1:1/none' } },
    });
    const { workflowId } = await client.start([persistState()]);
    // The setting allows two attempts, a second apart. By default it would be 15 minutes of them.
    await until(20_000, async () => {
      const { status } = await workers.environment.temporal.workflow.getHandle(workflowId).describe();
      assert.equal(status.name, 'COMPLETED');
    });
    const { results } = await client.result(workflowId);
    assert.deepEqual(
      results.map(({ status, failure_class, error_code }) => [status, failure_class, error_code]),
      [['unknown', 'unavailable', 'DATABASE_ERROR']],
    );
  });

  it('starts while Kafka is unavailable: rows are written, events are kept, and later ones are sent when it is back', async () => {
    const { endpoints } = workers.environment;
    const broker = await switchableServer(endpoints.kafka.brokers[0]!);
    const { worker, client } = await workers.start({
      config: { KAFKA_MAX_RETRY_ATTEMPTS: 1 },
      endpoints: { kafka: { brokers: [broker.address] } },
    });
    try {
      assert.equal((await checksOf(worker)).status, 503);
      const away = await client.executeIntents([persistState(), publishEvent()]);
      assert.deepEqual(away.counts, { succeeded: 1, dead_lettered: 1 }, JSON.stringify(away.results));
      await broker.on();
      await until(10_000, async () => assert.equal((await checksOf(worker)).status, 200));
      assert.deepEqual((await client.executeIntents([publishEvent()])).counts, { succeeded: 1 });
    } finally {
      await broker.off();
    }
  });

  it('ends a cancelled execution at a batch boundary, and reports what ran and what did not', async () => {
    const gate = createGate();
    const running = gate.close();
    const { pool, temporal } = workers.environment;
    const { client } = await workers.start({ effect: gate.effect });
    const [before, state] = [persistState({}, { priority: 9 }), persistState()];
    // The two gated intents are in one lane, a batch each.
    const list = [state, gatedIntent(5), gatedIntent(5), before];
    const { workflowId } = await client.start(list, { requestId: randomUUID() });
    await running;
    const progress = await client.progress(workflowId);
    assert.deepEqual(progress, { total: 4, settled: 1, succeeded: 1, failed: 0, priority: 5 });
    await client.cancel(workflowId);
    gate.open();
    const report = await client.result(workflowId);
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
    const announced = (await readEvents(workers.environment, ['STATE_PERSISTED'])).map(
      ({ envelope }) => envelope.payload['aggregation_id'],
    );
    assert.deepEqual(
      announced.filter((id) => [before, state].some(({ payload }) => payload.aggregation_id === id)),
      [before.payload.aggregation_id],
    );
    const { rows } = await pool.query('SELECT 1 FROM bridge_states WHERE bridge_id = $1', [
      state.payload.aggregation_id,
    ]);
    assert.equal(rows.length, 0);
    assert.equal((await temporal.workflow.getHandle(workflowId).describe()).status.name, 'CANCELLED');
  });

  it('leaves lists on their topic while its breakers are open; the next worker takes them', async () => {
    const { pool } = workers.environment;
    const away = await workers.start({
      intake: true,
      config: { PG_BREAKER_FAILURES: 1, PG_BREAKER_OPEN_SECONDS: 600, OUTAGE_BUDGET_SECONDS: 0.1 },
      endpoints: { postgres: { url: 'postgres://postgres@127.0.0.1:1/none' } },
    });
    await away.client.executeIntents([persistState()]);
    assert.match((await checksOf(away.worker)).checks['postgres']!.detail, /^circuit breaker open/);
    const eventId = await emitList(workers.environment, [persistState()]);
    const says = async (line: string) => {
      const { body } = await get(away.worker, '/metrics');
      assert.ok(body.includes(`\n${line}\n`), line);
    };
    await until(30_000, () => says('intake_partitions_paused 1'));
    await says('intake_envelopes_total 0');
    await away.worker.shutdown();
    await workers.start({ intake: true });
    await until(30_000, async () => {
      const { rowCount } = await pool.query('SELECT FROM intake_verdicts WHERE event_id = $1', [eventId]);
      assert.equal(rowCount, 1);
    });
  });

  it('starts the slices of its intake eagerly, where it has room for workflow tasks', async () => {
    const { pool, temporal } = workers.environment;
    // A worker that has no cache takes one task at a time, for which it asks the server.
    for (const [cached, eager] of [
      [100, true],
      [0, false],
    ] as const) {
      const { worker, queue } = await workers.start({
        intake: true,
        config: { MAX_CACHED_WORKFLOWS: cached, INTAKE_MAX_SLICES: 100 },
      });
      const eventId = await emitList(workers.environment, [persistState()]);
      await until(30_000, async () => {
        const { rowCount } = await pool.query('SELECT FROM intake_verdicts WHERE event_id = $1', [eventId]);
        assert.equal(rowCount, 1);
      });
      assert.deepEqual((await checksOf(worker)).checks['intake'], { ok: true, detail: '2 partitions' });
      await worker.shutdown();
      const started = await until(10_000, async () => {
        const found = temporal.workflow.list({ query: `TaskQueue = ${quoted(queue)}` });
        for await (const { workflowId, runId } of found) {
          const { events } = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
          return events?.[0]?.workflowExecutionStartedEventAttributes;
        }
        throw new Error('not listed yet');
      });
      assert.equal(started?.eagerExecutionAccepted === true, eager);
    }
  });
});
