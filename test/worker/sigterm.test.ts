/** These tests send SIGTERM, as a deploy does, to a worker process whose statement waits in PostgreSQL. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { hold, installHolds } from '../chaos/support/holds.js';
import { startWorkerProcess, type WorkerProcess } from '../chaos/support/worker-process.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState } from '../support/intents.js';
import { one } from '../postgres/support.js';

describe('SIGTERM to a worker that is at work', () => {
  let environment: Environment;
  const workers: WorkerProcess[] = [];
  before(async () => {
    environment = await createEnvironment({ worker: false });
    await installHolds(environment.pool);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  });
  after(() => environment.close());

  async function startWorker(graceSeconds: number): Promise<WorkerProcess> {
    const worker = await startWorkerProcess({ ...environment.env, SHUTDOWN_GRACE_SECONDS: String(graceSeconds) });
    workers.push(worker);
    return worker;
  }

  /** Starts a worker, and waits until it is in the middle of a transaction of one intent, which adds 100. */
  async function atWork(graceSeconds: number) {
    const worker = await startWorker(graceSeconds);
    const held = await hold(environment.endpoints.postgres.url, 'beforeEffect');
    const intent = persistState();
    const requestId = randomUUID();
    await environment.client.start([intent], { requestId });
    await held.reached();
    return { worker, held, requestId, bridgeId: intent.payload.aggregation_id };
  }

  /** Returns the attempt numbers of the activities of a list. */
  async function attemptsOf(requestId: string): Promise<number[]> {
    const { events } = await environment.temporal.workflow.getHandle(requestId).fetchHistory();
    return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => started?.attempt ?? []);
  }

  async function assertOnce({ requestId, bridgeId }: { readonly requestId: string; readonly bridgeId: string }) {
    const { outcome, results } = await environment.client.result(requestId);
    assert.deepEqual([outcome, results.map(({ status }) => status)], ['completed', ['succeeded']]);
    const row = await one<{ items: number; ledger: number }>(
      environment.pool,
      `SELECT total_items_aggregated::int AS items,
         (SELECT count(*)::int FROM executed_intents WHERE intent_id = $2) AS ledger
       FROM bridge_states WHERE bridge_id = $1`,
      [bridgeId, results[0]?.intent_id],
    );
    assert.deepEqual(row, { items: 100, ledger: 1 });
  }

  it('lets what ends within the grace period end, and leaves with 0', async () => {
    const { worker, held, ...list } = await atWork(20);
    const ended = worker.terminate();
    assert.equal(await Promise.race([ended, sleep(2_000, 'at work')]), 'at work');
    await held.release();
    assert.equal(await ended, 0);
    await startWorker(20);
    await assertOnce(list);
    // The persist and the announcement had one attempt each, so the persist was not made again.
    assert.deepEqual(await attemptsOf(list.requestId), [1, 1]);
  }).timeout(120_000);

  it('leaves all the same what takes longer; another worker does it, once', async () => {
    const { worker, held, ...list } = await atWork(1);
    const from = Date.now();
    // Another worker is there while the first one leaves, as in a deploy.
    await Promise.all([worker.terminate(), startWorker(20)]);
    // The first worker has the grace period, 10 s in which the SDK gives up, and 5 s for the connection in use.
    assert.ok(Date.now() - from < 40_000, `ended after ${Date.now() - from} ms`);
    await held.release();
    await assertOnce(list);
    assert.ok(Math.max(...(await attemptsOf(list.requestId))) > 1, 'it was carried out by the first worker');
  }).timeout(180_000);
});
