import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClosedError, ResultTimeoutError, StoreEffectClient } from '../../src/client/index.js';
import { builtinEffects } from '../../activities/index.js';
import { until } from '../../src/flow-control/until.js';
import { createLogger } from '../../src/log.js';
import { startWorker, type RunningWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { createGate, gatedIntent } from '../support/gate.js';
import { persistState, publishEvent } from '../support/intents.js';
import { switchableServer } from '../support/switchable-server.js';

describe('client: awaitResult', function () {
  this.timeout(60_000);
  let environment: Environment;
  let worker: RunningWorker;
  const gate = createGate();
  const clients: StoreEffectClient[] = [];
  before(async () => {
    environment = await createEnvironment({ worker: false });
    const { config, endpoints } = environment;
    worker = await startWorker({
      config,
      logger: createLogger(config.LOG_LEVEL),
      endpoints,
      intake: true,
      effects: [...builtinEffects, gate.effect],
    });
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await worker.shutdown();
    await environment.close();
  });

  async function connect(): Promise<StoreEffectClient> {
    const { config, endpoints } = environment;
    const { brokers } = endpoints.kafka;
    const client = await StoreEffectClient.connect({
      address: endpoints.temporal.address,
      namespace: config.TEMPORAL_NAMESPACE,
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      kafka: { brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX },
    });
    clients.push(client);
    return client;
  }
  const questions = async () => {
    const { count } = await environment.temporal.workflow.count(
      `WorkflowType = 'FindVerdictsWorkflow' AND TaskQueue = '${environment.config.TEMPORAL_TASK_QUEUE}'`,
    );
    return count;
  };

  it('gives the report of an emitted list, as its event tells it', async () => {
    const client = await connect();
    const requestId = randomUUID();
    const { eventId } = await client.emitIntents([persistState(), publishEvent()], { requestId });
    const report = await client.awaitResult(eventId);
    assert.deepEqual(
      [report.event_id, report.request_id, report.outcome, report.counts],
      [eventId, requestId, 'completed', { succeeded: 2 }],
    );
    const events = await readEvents(environment, ['INTENT_RESULT']);
    const told = events.find(({ envelope }) => envelope.causation_id === eventId);
    assert.deepEqual(told?.envelope.payload['results'], report.results);
  });

  it('many lists at once: each gets its own', async () => {
    const client = await connect();
    const asked = await questions();
    const requests = Array.from({ length: 100 }, () => randomUUID());
    const reports = await Promise.all(
      requests.map(async (requestId) => {
        const { eventId } = await client.emitIntents([persistState()], { requestId });
        return client.awaitResult(eventId);
      }),
    );
    assert.deepEqual(
      reports.map(({ request_id }) => request_id),
      requests,
    );
    assert.ok((await questions()) - asked < 50, 'they ask together');
  });

  it('tells a late subscriber, also of a list whose intents failed', async () => {
    const wrong = { ...persistState(), target: 'nowhere' };
    const early = await connect();
    const { eventId } = await early.emitIntents([wrong]);
    const told = await early.awaitResult(eventId);
    const late = await (await connect()).awaitResult(eventId);
    assert.deepEqual(late, told);
    assert.equal(late.results[0]?.status, 'failed');
    assert.equal(late.outcome, 'partial');
  });

  it('tells the others who wait for a list when one of them has stopped waiting', async () => {
    const client = await connect();
    const running = gate.close();
    const { eventId } = await client.emitIntents([gatedIntent(1)]);
    const others = [1, 2].map(() => client.awaitResult(eventId, { timeoutMs: 20_000 }));
    const told = Promise.all(others);
    try {
      await running;
      await assert.rejects(client.awaitResult(eventId, { timeoutMs: 1 }), ResultTimeoutError);
    } finally {
      gate.open();
    }
    for (const { outcome } of await told) assert.equal(outcome, 'completed');
  });

  it('says what did not come in time', async () => {
    const client = await connect();
    const eventId = randomUUID();
    await assert.rejects(client.awaitResult(eventId, { timeoutMs: 300 }), (error) => {
      assert.ok(error instanceof ResultTimeoutError);
      assert.equal(error.message, `${eventId}: no result within 300 ms; it may still come`);
      return true;
    });
  });

  it('tells what was answered long ago however short the time, and without a broker', async () => {
    const emitter = await connect();
    const { eventId } = await emitter.emitIntents([persistState()]);
    const told = await emitter.awaitResult(eventId);
    assert.deepEqual(await (await connect()).awaitResult(eventId, { timeoutMs: 1 }), told);
    assert.deepEqual(await environment.client.awaitResult(eventId), told, 'a client that knows no brokers');
  });

  it('leaves no listener behind, however many callers wait and however often they ask', async () => {
    const warnings: Error[] = [];
    const heed = (warning: Error): number => warnings.push(warning);
    process.on('warning', heed);
    const client = await connect();
    const running = gate.close();
    try {
      const { eventId } = await client.emitIntents([gatedIntent(1)]);
      const waiting = Promise.all(Array.from({ length: 50 }, () => client.awaitResult(eventId)));
      await running;
      // A question makes two requests, and Node warns of the twelfth listener on one signal. Seven more questions would
      // be beyond that.
      const asked = await questions();
      await until(20_000, async () => assert.ok((await questions()) >= asked + 7));
      gate.open();
      assert.ok((await waiting).every(({ outcome }) => outcome === 'completed'));
      await new Promise(setImmediate);
      assert.deepEqual(warnings, []);
    } finally {
      gate.open();
      process.off('warning', heed);
    }
  });

  it('ends what waits when it is closed', async () => {
    const client = await connect();
    const eventId = randomUUID();
    const waiting = [eventId, eventId, randomUUID()].map((id) => assert.rejects(client.awaitResult(id), ClosedError));
    await assert.rejects(client.awaitResult(randomUUID(), { timeoutMs: 100 }), ResultTimeoutError);
    // Timers that were left would keep the process from ending, which fails the run.
    await client.close();
    await Promise.all(waiting);
    await assert.rejects(client.awaitResult(eventId), ClosedError);
  });

  for (const id of ['', 'list-7', undefined]) {
    it(`refuses ${id === undefined ? 'undefined' : `“${id}”`}, which would fail the question of all callers`, async () => {
      const client = await connect();
      const { eventId } = await client.emitIntents([persistState()]);
      const waiting = client.awaitResult(eventId);
      await assert.rejects(client.awaitResult(id!), {
        name: 'TypeError',
        message: /^eventId: expected a UUID, got /,
      });
      assert.equal((await waiting).outcome, 'completed');
    });
  }

  it('takes an id in capitals for the same id', async () => {
    const client = await connect();
    const { eventId } = await client.emitIntents([persistState()]);
    assert.equal((await client.awaitResult(eventId.toUpperCase())).outcome, 'completed');
  });

  it('ends well when the client is closed while Temporal is unavailable', async () => {
    const { config, endpoints } = environment;
    const server = await switchableServer(endpoints.temporal.address);
    await server.on();
    const client = await StoreEffectClient.connect({
      address: server.address,
      namespace: config.TEMPORAL_NAMESPACE,
      taskQueue: config.TEMPORAL_TASK_QUEUE,
    });
    const waiting = assert.rejects(client.awaitResult(randomUUID()), ClosedError);
    await sleep(300);
    await server.off();
    await sleep(2_000);
    await client.close();
    await waiting;
    // An attempt that was due now would throw where nobody catches it, which fails the run.
    await sleep(10_000);
  });

  it('is refused for a wrong question, by name', async () => {
    await assert.rejects(
      environment.temporal.workflow.execute('FindVerdictsWorkflow', {
        args: [{ event_ids: [7] }],
        taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: randomUUID(),
      }),
      (error: Error) => {
        assert.match(String(error.cause), /event_ids\[0\]: expected a string, got number/);
        return true;
      },
    );
  });
});
