/** These tests run workers of two versions side by side, one of them with an intake. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { until } from '../../src/flow-control/until.js';
import { createLogger } from '../../src/log.js';
import { describeDeployment, setCurrent, setRamp } from '../../src/temporal/versioning/deployments.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState } from '../support/intents.js';
import { emitList } from './support.js';

describe('workers of two versions', () => {
  const name = `versions-${randomUUID()}`;
  let environment: Environment;
  const workers: RunningWorker[] = [];
  before(async () => {
    environment = await createEnvironment({ worker: false, env: { TEMPORAL_DEPLOYMENT_NAME: name } });
    await start('one', true);
    await start('two', false);
  });
  after(async () => {
    for (const worker of workers) await worker.shutdown();
    await environment.close();
  });

  const start = async (id: string, intake: boolean) => {
    const { config, workerEndpoints: endpoints } = environment;
    const own = { ...config, DEPLOYMENT_ID: id };
    workers.push(await startWorker({ config: own, endpoints, intake, logger: createLogger('silent') }));
  };
  const buildOf = (id: string): Promise<string> =>
    until(30_000, async () => {
      const { versions } = await describeDeployment(environment.temporal, name, environment.config.TEMPORAL_TASK_QUEUE);
      const found = versions.find(({ build_id }) => build_id.startsWith(`${id}-`));
      assert.ok(found?.last_poll != null);
      return found.build_id;
    });
  /** Emits a list to the intake, and waits for its verdict. @returns the last slice that ran. */
  async function slice() {
    const { temporal, pool, config } = environment;
    const eventId = await emitList(environment, [persistState()]);
    await until(30_000, async () => {
      const { rowCount } = await pool.query('SELECT FROM intake_verdicts WHERE event_id = $1', [eventId]);
      assert.equal(rowCount, 1);
    });
    const query = `WorkflowType = 'ExecuteSliceWorkflow' AND TaskQueue = '${config.TEMPORAL_TASK_QUEUE}'`;
    return until(10_000, async () => {
      for await (const { workflowId, runId } of temporal.workflow.list({ query })) {
        const handle = temporal.workflow.getHandle(workflowId, runId);
        const { events } = await handle.fetchHistory();
        const started = events?.[0]?.workflowExecutionStartedEventAttributes;
        if (
          !JSON.stringify(started?.input?.payloads?.map(({ data }) => Buffer.from(data ?? []).toString())).includes(
            eventId,
          )
        )
          continue;
        const { raw } = await handle.describe();
        const on = raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
        return { eager: started?.eagerExecutionAccepted === true, on };
      }
      throw new Error('not listed yet');
    });
  }

  /** The answer of the server is asked for beside a start, so the next ones go by it. */
  const slicesAre = (expected: Awaited<ReturnType<typeof slice>>) =>
    until(20_000, async () => assert.deepEqual(await slice(), expected));

  it('start slices eagerly only while the version of the intake gets all new executions', async () => {
    const [one, two] = [await buildOf('one'), await buildOf('two')];
    const { temporal } = environment;
    await setCurrent(temporal, name, one);
    await slicesAre({ eager: true, on: one });

    await setRamp(temporal, name, two, 100);
    await slicesAre({ eager: false, on: two });

    await setRamp(temporal, name, null, 0);
    await slicesAre({ eager: true, on: one });

    await setCurrent(temporal, name, two);
    await slicesAre({ eager: false, on: two });
  });

  it('go on with parked lists on the current version', async () => {
    const [one, two] = [await buildOf('one'), await buildOf('two')];
    const { temporal, pool } = environment;
    await setCurrent(temporal, name, one);
    const { payload } = await stored();
    const holder = await pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('UPDATE bridge_state_rows SET updated_at = now() WHERE bridge_id = $1', [
        payload.aggregation_id,
      ]);
      const eventId = await emitList(environment, [persistState({ aggregation_id: payload.aggregation_id })]);
      /** Waits until the workers of a version have answered a task of the parked lists' execution. */
      const answeredBy = (build: string) =>
        until(30_000, async () => {
          const { rows } = await pool.query<{ partition: string }>('SELECT partition FROM intake_parked');
          const { events } = await temporal.workflow.getHandle(`${rows[0]?.partition ?? ''}/parked`).fetchHistory();
          const answers = (events ?? []).flatMap((event) => event.workflowTaskCompletedEventAttributes ?? []);
          assert.equal(answers.at(-1)?.deploymentVersion?.buildId, build);
        });
      await answeredBy(one);
      await setCurrent(temporal, name, two);
      await answeredBy(two);
      await holder.query('ROLLBACK');
      await until(60_000, async () => {
        const { rowCount } = await pool.query('SELECT FROM intake_verdicts WHERE event_id = $1', [eventId]);
        assert.equal(rowCount, 1);
      });
    } finally {
      holder.release(true);
    }
  });

  /** Stores a state. @returns its intent. */
  async function stored() {
    const intent = persistState();
    await environment.client.executeIntents([intent]);
    return intent;
  }
});
