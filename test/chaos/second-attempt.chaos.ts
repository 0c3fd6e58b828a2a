/**
 * In these tests two workers share one queue, and an attempt is given up while its statement is under way. The other
 * worker makes a second attempt beside it. There is one effect, one ledger row and a true result, whichever attempt
 * comes first.
 */
import assert from 'node:assert/strict';
import { until } from '../../src/flow-control/until.js';
import { HEARTBEAT_TIMEOUT_MS } from '../../src/domain/time-outs.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { auditRows } from './support/audit.js';
import { startWorkerBehind } from './support/installation.js';
import { hold, installHolds } from './support/holds.js';
import { makeLists } from './support/lists.js';
import { END_MS, type Route, type Servers, startServers } from './support/servers.js';
import type { WorkerProcess } from './support/worker-process.js';

/**
 * Milliseconds from a worker's last sign of life to the next attempt: the time-out, the first retry's second, and what
 * the servers take.
 */
const NOTICED_MS = HEARTBEAT_TIMEOUT_MS + 10_000;
/** Number of activities of a list that change rows: PersistState's and PersistFSMTransition's. */
const SIDE_BY_SIDE = 2;
/**
 * Settings of a worker that is frozen while it is at work. It has no slot left to ask for a task with. Otherwise it
 * would get the next attempts, each of which is missed only after the heartbeat time-out.
 */
const BUSY = { MAX_CONCURRENT_ACTIVITIES: String(SIDE_BY_SIDE) };

describe('a second attempt beside one that is at work', () => {
  let servers: Servers;
  let environment: Environment;
  let routes: readonly Route[];
  const workers: WorkerProcess[] = [];
  before(async function () {
    this.timeout(15 * 60_000);
    servers = await startServers(2);
    routes = servers.routes;
    environment = await createEnvironment({
      worker: false,
      except: { once: 'under faults an event is promised at least once' },
    });
    await installHolds(environment.pool);
  });
  after(async function () {
    this.timeout(END_MS);
    try {
      await (environment as Environment | undefined)?.close();
    } finally {
      await (servers as Servers | undefined)?.stop();
    }
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
    await Promise.all(routes.map((route) => route.postgres.heal()));
  });

  const startWorker = async (route: Route, env: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> => {
    const worker = await startWorkerBehind(environment, route, env);
    workers.push(worker);
    return worker;
  };

  /** Waits for another attempt of an activity. @returns milliseconds since `from`. */
  async function noticed(workflowId: string, from: number): Promise<number> {
    return until(120_000, async () => {
      const { raw } = await environment.temporal.workflow.getHandle(workflowId).describe();
      const attempts = (raw.pendingActivities ?? []).map(({ attempt }) => attempt ?? 1);
      if (!attempts.some((attempt) => attempt > 1)) throw new Error(`attempts ${attempts.join()}`);
      return Date.now() - from;
    });
  }

  /** Starts a list whose effects wait in PostgreSQL before they are written. */
  async function startHeld() {
    const { lists, expected } = makeLists(1);
    const { requestId, intents } = lists[0]!;
    const held = await hold(environment.endpoints.postgres.url, 'beforeEffect');
    await environment.client.start(intents, { requestId });
    await held.reached();
    return { requestId, expected, held };
  }

  /** Waits until a worker's backend waits for a transaction of another one. */
  const waitingForAnother = (): Promise<void> =>
    until(60_000, async () => {
      const { rows } = await environment.pool.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event IN ('transactionid', 'spectoken')`,
      );
      if (rows[0]?.waiting === 0) throw new Error('the second attempt has not come to the row of the first');
    });

  async function assertOnce({
    requestId,
    expected,
  }: Pick<Awaited<ReturnType<typeof startHeld>>, 'requestId' | 'expected'>) {
    const report = await environment.client.result(requestId);
    assert.deepEqual([...new Set(report.results.map(({ status, error }) => `${status} ${error}`))], ['succeeded null']);
    const { lost, doubled } = await auditRows(environment.pool, expected);
    assert.deepEqual([...lost, ...doubled], []);
  }

  it('is made within the heartbeat time-out when the worker is killed in the middle of a statement', async () => {
    const first = await startWorker(routes[0]!);
    const started = await startHeld();
    const from = Date.now();
    await first.kill();
    await startWorker(routes[1]!);
    const ms = await noticed(started.requestId, from);
    assert.ok(ms <= NOTICED_MS, `noticed after ${ms} ms`);
    await started.held.release();
    await assertOnce(started);
  }).timeout(240_000);

  it('waits for the first when that has written already, and answers with its outcome', async () => {
    const first = await startWorker(routes[0]!, BUSY);
    const started = await startHeld();
    // The worker is frozen inside its transaction. Once the lock is released its rows are written, and nobody commits
    // them.
    first.pause();
    await startWorker(routes[1]!);
    await noticed(started.requestId, Date.now());
    await started.held.release();
    await waitingForAnother();
    first.resume();
    await assertOnce(started);
  }).timeout(240_000);

  it('comes first when the statements of the first are late on the wire: those find the ledger row', async () => {
    const first = await startWorker(routes[0]!, BUSY);
    // The first list opens the connections. Over a slow wire that would be given up after 5 s.
    const [warmUp, late] = [makeLists(1), makeLists(1)];
    await environment.client.executeIntents(warmUp.lists[0]!.intents);
    const before = await persisted(first);
    await routes[0]!.postgres.add({ type: 'latency', stream: 'upstream', attributes: { latency: LATE_MS, jitter: 0 } });
    const { requestId, intents } = late.lists[0]!;
    await environment.client.start(intents, { requestId });
    await until(30_000, async () => {
      const { raw } = await environment.temporal.workflow.getHandle(requestId).describe();
      const atWork = (raw.pendingActivities ?? []).filter(isAtWork);
      assert.equal(atWork.length, SIDE_BY_SIDE, 'not at work');
    });
    // The worker is silent now, because its heartbeats would keep the attempt for 90 s. Its statements are given up
    // after 65 s.
    first.pause();
    await startWorker(routes[1]!);
    await assertOnce({ requestId, expected: late.expected });
    await routes[0]!.postgres.heal();
    first.resume();
    await until(60_000, async () => assert.ok((await persisted(first)) > before, 'the late statement has not ended'));
    await assertOnce({ requestId, expected: late.expected });
  }).timeout(240_000);
});

/**
 * Milliseconds by which statements are late, until the test heals the wire. That lets the waiting statements through.
 */
const LATE_MS = 600_000;

const isAtWork = ({ lastStartedTime }: { lastStartedTime?: unknown }): boolean => lastStartedTime != null;

/**
 * Returns how many PersistState intents a worker has executed to its knowledge, whether or not Temporal still wanted to
 * hear it.
 */
async function persisted({ port }: WorkerProcess): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const found = /^intents_executed_total\{intent_type="PersistState",status="succeeded"\} (\d+)$/m.exec(text);
  return Number(found?.[1] ?? 0);
}
