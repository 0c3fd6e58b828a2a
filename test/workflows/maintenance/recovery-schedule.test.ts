/**
 * This test runs the Schedule of recoveries, in an installation of its own. It has few states, because a recovery that
 * fires each second is read back whole.
 */
import assert from 'node:assert/strict';
import type { RecoveryReport } from '../../../src/domain/recovery/recovery.js';
import { until } from '../../../src/flow-control/until.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents, withoutRepeats } from '../../support/events.js';

const COUNT = 3;

describe('the Schedule of recoveries', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
    await environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event)
       SELECT gen_random_uuid(), 'workflow_execution', 'PROCESSING', 'x' FROM generate_series(1, ${COUNT})`,
    );
  });
  after(() => environment.close());

  it('is kept by setup: it fires, skips what overlaps, and stays paused', async () => {
    const id = `recover-fsm-states-${environment.config.TEMPORAL_TASK_QUEUE}`;
    const schedule = environment.temporal.schedule.getHandle(id);
    const setup = async (env: NodeJS.ProcessEnv) => {
      const run = await bridgeHere(['setup', '--json'], { ...environment.env, ...env });
      return (run.json() as [{ schedules: string[] }])[0].schedules;
    };
    assert.deepEqual(await setup({ RECOVERY_SECONDS: '1', RECOVERY_PAUSED: 'true' }), [id]);
    try {
      const { state, policies, spec } = await schedule.describe();
      assert.deepEqual([state.paused, policies.overlap], [true, 'SKIP']);
      assert.deepEqual([spec.jitter, policies.catchupWindow], [5 * 60_000, 10 * 60_000]);

      // The first recovery waits for its states until another one was due.
      const blocker = await environment.pool.connect();
      try {
        await blocker.query('BEGIN');
        await blocker.query('LOCK TABLE fsm_states');
        await schedule.unpause();
        await until(60_000, async () => {
          assert.ok((await schedule.describe()).info.numActionsSkippedOverlap > 0, 'nothing was skipped yet');
        });
      } finally {
        await blocker.query('ROLLBACK');
        blocker.release();
      }
      await until(60_000, async () => {
        assert.ok((await schedule.describe()).info.numActionsTaken >= 2, 'it has not fired twice yet');
      });
      await schedule.pause();

      const { recentActions } = (await schedule.describe()).info;
      const reports = await Promise.all(
        recentActions.map(async ({ action: { workflow } }) => {
          const handle = environment.temporal.workflow.getHandle(workflow.workflowId);
          return { report: (await handle.result()) as RecoveryReport, runId: workflow.firstExecutionRunId };
        }),
      );
      assert.ok(reports.length >= 2);
      const events = withoutRepeats(await readEvents(environment, ['FSM_STATES_RECOVERED']));
      for (const { report, runId } of reports) {
        // Each recovery has an id of its own.
        assert.deepEqual([report.recovery_id, report.emitted], [runId, COUNT]);
        assert.equal(events.filter(({ headers }) => headers['correlation_id'] === runId).length, COUNT + 1);
      }

      assert.deepEqual(await setup({ RECOVERY_SECONDS: '3600' }), []);
      const after = await schedule.describe();
      assert.deepEqual([after.state.paused, after.spec.intervals?.[0]?.every], [true, 3_600_000]);
    } finally {
      assert.deepEqual(await setup({}), []);
    }
    await assert.rejects(schedule.describe(), /not found/);
  }).timeout(180_000);
});
