/**
 * These tests deploy a build with other workflow code under load: lists that are started and lists that are emitted.
 * Neither build can replay what the other one has executed, so a list that changed sides would fail its workflow task.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreEffectClient } from '../../src/client/index.js';
import { until } from '../../src/flow-control/until.js';
import type { DeploymentReport, VersionReport } from '../../src/temporal/versioning/deployments.js';
import { bridge } from '../support/bridge.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEventsByConsole } from '../support/events.js';
import { auditEvents, auditRows, CHAOS_EVENTS } from './support/audit.js';
import { createLogin } from './support/login.js';
import { SHORT, startWorkerBehind } from './support/installation.js';
import { type List, makeLists } from './support/lists.js';
import { makeOtherBuild, type OtherBuild } from './support/other-build.js';
import { END_MS, QUICK_DRAIN, type Servers, startServers } from './support/servers.js';
import { type Measured, writeMeasured } from './support/reliability.js';
import type { WorkerProcess } from './support/worker-process.js';

/** Lists of each kind for each step of the deploy. */
const EACH = 12;

describe('a deploy of other workflow code', function () {
  // A list that changed sides never ends.
  this.timeout(3 * 60_000);
  const deployment = `deploy-${randomUUID()}`;
  let servers: Servers;
  let environment: Environment;
  let other: OtherBuild;
  let client: StoreEffectClient;
  const workers: Partial<Record<'old' | 'new', WorkerProcess>> = {};
  const measured: Measured[] = [];

  before(async function () {
    this.timeout(15 * 60_000);
    servers = await startServers(1, QUICK_DRAIN);
    environment = await createEnvironment({
      worker: false,
      env: { TEMPORAL_DEPLOYMENT_NAME: deployment, SWEEP_SECONDS: '1' },
      except: {
        replay: 'the executions of the other build replay there only',
        once: 'under an outage an event is promised at least once',
      },
    });
    const { config, endpoints } = environment;
    client = await StoreEffectClient.connect({
      address: endpoints.temporal.address,
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      kafka: { brokers: endpoints.kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX },
    });
    environment.pool.on('error', () => undefined);
    await createLogin(environment.pool);
    other = await makeOtherBuild();
    workers.old = await startWorkerBehind(environment, servers.routes[0]!, SHORT, ['--intake']);
    await deploy('current');
    workers.new = await startWorkerBehind(environment, servers.routes[0]!, SHORT, ['--intake'], other.main);
  });
  after(async function () {
    this.timeout(END_MS);
    await Promise.all(Object.values(workers).map((worker) => worker.kill()));
    try {
      await (client as StoreEffectClient | undefined)?.close();
      await (environment as Environment | undefined)?.close();
      await writeMeasured('deploys', measured);
    } finally {
      await (other as OtherBuild | undefined)?.remove();
      await (servers as Servers | undefined)?.stop();
    }
  });

  /** Runs `bridge deploy`, until the workers that it is about have polled. */
  const deploy = (...args: string[]): Promise<unknown> =>
    until(60_000, async () => {
      const run = await bridge(['deploy', ...args, '--json'], environment.env);
      assert.equal(run.code, 0, run.stderr);
      return run.json()[0];
    });
  /** Returns the versions, the old one first. */
  const versions = (): Promise<[VersionReport, VersionReport]> =>
    until(60_000, async () => {
      const report = (await deploy('status')) as DeploymentReport;
      assert.equal(report.versions.length, 2);
      const [newer, older] = report.versions;
      return [older!, newer!];
    });
  /** Starts lists that are alone, lists that share, and emits as many. @returns the promise of their outcomes. */
  const send = async (lists: readonly List[]): Promise<() => Promise<string[]>> => {
    const third = lists.length / 3;
    const reports = lists.slice(0, 2 * third).map(async ({ requestId, intents }, index) => {
      const share = index < third ? ('never' as const) : ('auto' as const);
      return (await client.executeIntents(intents, { requestId, share })).outcome;
    });
    const awaited = Promise.all(reports);
    // The caller observes a failure later.
    awaited.catch(() => undefined);
    const emitted = await Promise.all(
      lists.slice(2 * third).map(({ requestId, intents }) => client.emitIntents(intents, { requestId })),
    );
    return async () => {
      const answers = await Promise.all(emitted.map(({ eventId }) => client.awaitResult(eventId)));
      return [...(await awaited), ...answers.map(({ outcome }) => outcome)];
    };
  };
  /** Asserts that rows and messages are exactly those of the lists, and that nothing has failed. */
  async function assertExact(fault: string, point: string, { lists, expected }: ReturnType<typeof makeLists>) {
    const rows = await until(30_000, () => auditRows(environment.pool, expected));
    const events = auditEvents(await readEventsByConsole(environment, CHAOS_EVENTS), expected);
    const letters = await environment.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM dead_letters');
    measured.push({
      fault,
      point,
      lists: lists.length,
      intents: expected.intentIds.length,
      faults: 1,
      lost: rows.lost.length + events.lost.length,
      doubled: rows.doubled.length + events.doubled.length,
      deadLetters: letters.rows[0]?.count ?? 0,
      repeatedEvents: events.repeated,
    });
    assert.deepEqual([rows, events.lost, events.doubled], [{ lost: [], doubled: [] }, [], []]);
    const query = `TaskQueue = '${environment.config.TEMPORAL_TASK_QUEUE}' AND ExecutionStatus NOT IN ('Running', 'Completed')`;
    for await (const { workflowId, status } of environment.temporal.workflow.list({ query }))
      assert.fail(`${workflowId} is ${status.name}`);
  }
  /** Counts executions of a type that a version has executed. */
  const executedBy = async (type: string, { build_id }: VersionReport): Promise<number> => {
    const on = `TemporalWorkerDeploymentVersion = '${deployment}:${build_id}'`;
    return (await environment.temporal.workflow.count(`WorkflowType = '${type}' AND ${on}`)).count;
  };

  it('ramps to 10, 50 and 100 %, and goes back, without a failure', async () => {
    const [old, newer] = await versions();
    const steps = [
      ['ramp', '10', newer.build_id],
      ['ramp', '50', newer.build_id],
      ['ramp', '100', newer.build_id],
      ['current', newer.build_id],
      ['current', old.build_id],
    ];
    const made = makeLists(3 * EACH * (steps.length + 1), 'auto');
    const partOf = (step: number) => made.lists.slice(3 * EACH * step, 3 * EACH * (step + 1));
    const outcomes: string[] = [];
    let underWay = await send(partOf(0));
    for (const [step, args] of steps.entries()) {
      // The lists of the step before are under way.
      await deploy(...args);
      const next = await send(partOf(step + 1));
      outcomes.push(...(await underWay()));
      underWay = next;
    }
    outcomes.push(...(await underWay()));
    assert.deepEqual([outcomes.length, new Set(outcomes)], [made.lists.length, new Set(['completed'])]);
    await assertExact('a deploy of other workflow code', 'ramp 10, 50, 100 %, current, and back', made);
    for (const type of ['ExecuteIntentsWorkflow', 'ExecuteSliceWorkflow', 'SweepExecutionsWorkflow']) {
      for (const version of [old, newer])
        assert.ok((await executedBy(type, version)) > 0, `${type}, ${version.build_id}`);
    }
    assert.equal((await executedBy('ExecuteListsWorkflow', old)) > 0, true);
  });

  it('leaves lists that wait through an outage on the old version, and says when that has drained', async () => {
    const [old, newer] = await versions();
    assert.equal(old.status, 'current');
    const made = makeLists(6 * EACH, 'auto');
    const [before, later] = [made.lists.slice(0, 3 * EACH), made.lists.slice(3 * EACH)];
    await servers.kill('postgres');
    const early = await send(before);
    await until(60_000, async () => {
      const [{ open }] = await versions();
      assert.ok(open >= EACH, `${open} lists wait`);
    });
    await deploy('current', newer.build_id);
    const late = await send(later);
    await until(60_000, async () => {
      const [left, current] = await versions();
      assert.deepEqual([left.status, left.may_end, left.open >= EACH], ['draining', false, true]);
      assert.deepEqual([current.status, current.open >= EACH], ['current', true]);
    });
    // The server has looked at the old version meanwhile, and has to find it in use.
    await sleep(5_000);
    assert.equal((await versions())[0].status, 'draining');
    await servers.start('postgres');
    const outcomes = [...(await early()), ...(await late())];
    assert.deepEqual([outcomes.length, new Set(outcomes)], [made.lists.length, new Set(['completed'])]);
    for (const [lists, { build_id }] of [
      [before, old],
      [later, newer],
    ] as const) {
      for (const { requestId } of lists.slice(0, EACH)) assert.equal(await buildOf(requestId), build_id, requestId);
    }
    await until(60_000, async () => {
      const [left] = await versions();
      assert.deepEqual([left.status, left.open, left.may_end], ['drained', 0, true]);
    });
    assert.equal(await workers.old?.terminate(), 0);
    await assertExact('PostgreSQL killed', 'from before a deploy to after it; the old workers end when drained', made);
    const last = makeLists(3, 'auto');
    assert.deepEqual(await (await send(last.lists))(), ['completed', 'completed', 'completed']);
  });

  /** Returns the build id of the version that executes a list which is alone. */
  async function buildOf(requestId: string): Promise<string | null | undefined> {
    const { raw } = await environment.temporal.workflow.getHandle(requestId).describe();
    return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
  }
});
