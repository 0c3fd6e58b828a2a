/** These tests check how a worker stops: when it is asked to, because it failed, or because it could not start. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { Kafka } from 'kafkajs';
import { topicOf } from '../../src/domain/events/event-types.js';
import { until } from '../../src/flow-control/until.js';
import { bridge } from '../support/bridge.js';
import { failingPoller } from '../support/failing-poller.js';
import { freePort } from '../support/free-port.js';
import { createGate, gatedIntent } from '../support/gate.js';
import { persistState } from '../support/intents.js';
import { checksOf, emitList, get, useWorkers, watched } from './support.js';
import { kafkaOf } from '../support/kafka-of.js';

describe('a worker that stops', () => {
  const workers = useWorkers();
  const kafka = () => kafkaOf(workers.environment.endpoints.kafka);

  it('lets a running activity finish, is alive and takes no new work meanwhile', async () => {
    const gate = createGate();
    const running = gate.close();
    let cancelled = false;
    const effect = watched(gate.effect, () => {
      Context.current().cancellationSignal.addEventListener('abort', () => (cancelled = true));
    });
    const { worker, client } = await workers.start({ effect });
    const { workflowId } = await client.start([gatedIntent(5)], { requestId: randomUUID() });
    await running;
    let stopped = false;
    const stopping = worker.shutdown().then(() => (stopped = true));
    const { checks } = await until(10_000, async () => {
      const ready = await checksOf(worker);
      assert.equal(ready.status, 503);
      return ready;
    });
    assert.equal(checks['worker']?.ok, false);
    assert.match(checks['worker'].detail, /^(STOPPING|DRAINING)$/);
    assert.deepEqual([checks['postgres']?.ok, checks['kafka']?.ok], [true, true]);
    assert.equal((await get(worker, '/health')).status, 200);
    // The activity of a worker without a grace period would be cancelled by now.
    assert.deepEqual([stopped, cancelled], [false, false]);
    gate.open();
    await stopping;
    const execution = workers.environment.temporal.workflow.getHandle(workflowId);
    const { events } = await execution.fetchHistory();
    await execution.terminate('the test is over');
    // The history is what another worker goes on from.
    const started = (events ?? []).flatMap(({ activityTaskStartedEventAttributes: one }) => one?.attempt ?? []);
    const completed = (events ?? []).filter((event) => event.activityTaskCompletedEventAttributes != null);
    assert.deepEqual([gate.calls, started, completed.length], [1, [1], 1]);
  });

  it('answers the slices its intake has in hand, and sends the copies of their invalid lists, before it leaves', async () => {
    const { environment } = workers;
    const gate = createGate();
    const running = gate.close();
    // Half of the grace period is for the slices: 10 s. The gate stops the slice in hand for two of them.
    const config = { SHUTDOWN_GRACE_SECONDS: 20 };
    const { worker } = await workers.start({ effect: gate.effect, intake: true, config });
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    const admin = kafka().admin();
    await admin.connect();
    try {
      const eventId = await emitList(environment, [gatedIntent(1), { ...persistState(), target: 'nowhere' }]);
      await running;
      const stopping = worker.shutdown();
      await setTimeout(2_000);
      // The worker still takes tasks. Otherwise the slice would end in another worker, or in none.
      assert.equal((await checksOf(worker)).checks['worker']?.detail, 'RUNNING');
      gate.open();
      await stopping;
      const { rows } = await environment.pool.query<{ outcome: string }>(
        `SELECT verdict ->> 'outcome' AS outcome FROM intake_verdicts WHERE event_id = $1`,
        [eventId],
      );
      assert.deepEqual(rows, [{ outcome: 'partial' }]);
      const copies = await admin.fetchTopicOffsets(`${topic}.dlq`);
      assert.equal(
        copies.reduce((sum, { high }) => sum + Number(high), 0),
        1,
      );
    } finally {
      await admin.disconnect();
    }
  });

  it('because it failed says so, is not alive, and leaves the partitions of its intake to others', async () => {
    const poller = failingPoller('the poller failed');
    const disconnects: (() => void)[] = [];
    const consumer = Object.getOwnPropertyDescriptor(Kafka.prototype, 'consumer')!;
    Object.defineProperty(Kafka.prototype, 'consumer', {
      ...consumer,
      value(this: Kafka, ...args: Parameters<Kafka['consumer']>) {
        const created = (consumer.value as Kafka['consumer']).apply(this, args);
        const disconnect = created.disconnect.bind(created);
        created.disconnect = async () => {
          await new Promise<void>((resolve) => disconnects.push(resolve));
          await disconnect();
        };
        return created;
      },
    });
    const admin = kafka().admin();
    await admin.connect();
    const members = async () => {
      const group = `bridge-store-effect-intake-${workers.environment.config.KAFKA_TOPIC_PREFIX}`;
      const { groups } = await admin.describeGroups([group]);
      return groups.flatMap((described) => described.members).length;
    };
    try {
      const { worker } = await workers.start({ intake: true });
      await until(20_000, async () => assert.equal(await members(), 1));
      const failed = assert.rejects(worker.stopped, /^Error: the poller failed$/);
      poller.fail();
      await until(20_000, () => {
        assert.equal(disconnects.length, 1);
        return Promise.resolve();
      });
      // A supervisor looks at /health, and a load balancer at /ready.
      assert.deepEqual([(await get(worker, '/health')).status, (await checksOf(worker)).status], [503, 503]);
      for (const go of disconnects) go();
      await failed;
      assert.equal(await members(), 0);
      await assert.rejects(get(worker, '/health'), 'nothing listens any more');
    } finally {
      poller.restore();
      Object.defineProperty(Kafka.prototype, 'consumer', consumer);
      for (const go of disconnects) go();
      await admin.disconnect();
    }
  });

  it('because it could not start leaves nothing open: its port can be taken again', async () => {
    const PORT = await freePort();
    const nobody = { temporal: { address: `127.0.0.1:${await freePort()}`, namespace: 'default', ui: null } };
    const temporal = { ...workers.environment.endpoints.temporal, namespace: `none-${randomUUID()}` };
    await assert.rejects(workers.start({ config: { PORT }, endpoints: { temporal } }), {
      failureClass: 'unavailable',
      message: /has no namespace "none-/,
    });
    await assert.rejects(workers.start({ config: { PORT }, endpoints: nobody }));
    const { worker } = await workers.start({ config: { PORT } });
    assert.equal((await get(worker, '/health')).status, 200);
    const sessions = await workers.environment.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'bridge-worker-%'`,
    );
    assert.ok((sessions.rows[0]?.count ?? 0) <= 1, 'only those of the worker that runs');
  });

  for (const command of [['worker', '--intake'], ['intake']]) {
    it(`bridge ${command.join(' ')}: because its port is taken ends by itself, with 2 and the reason`, async () => {
      const taken = createServer().listen(0);
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      try {
        const run = await bridge(command, { ...workers.environment.env, PORT: String(port) });
        assert.equal(run.code, 2, run.stderr);
        assert.equal(run.stderr, `bridge: PORT: expected a free port, got ${port}, which another process has\n`);
        assert.equal(run.stdout, '');
      } finally {
        taken.close();
      }
    });
  }
});
