/**
 * These tests execute lists on a worker that keeps no workflow in memory. Each workflow task replays the execution from
 * its history.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { SliceReport } from '../../../src/domain/intake/slice.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';

describe('without cached workflows', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ env: { MAX_CACHED_WORKFLOWS: '0' } });
  });
  after(() => environment.close());

  it('a list of three tiers, with an intent that is invalid, and what it announces', async () => {
    const transition = persistFsmTransition({}, { priority: 3 });
    const { workflow_id } = transition.payload;
    const report = await environment.client.executeIntents([
      publishEvent({}, { priority: 0 }),
      persistState({}, { priority: 1 }),
      transition,
      { ...persistState({}, { priority: 1 }), intent_id: 'no id' },
    ]);
    assert.equal(report.outcome, 'partial');
    assert.deepEqual(
      report.results.map(({ status }) => status),
      ['succeeded', 'succeeded', 'succeeded', 'failed'],
    );
    const { rows } = await environment.pool.query('SELECT current_state FROM fsm_states WHERE workflow_id = $1', [
      workflow_id,
    ]);
    assert.deepEqual(rows, [{ current_state: 'PROCESSING' }]);
    const moved = (await readEvents(environment, ['FSM_STATE_TRANSITIONED'])).filter(({ key }) => key === workflow_id);
    assert.equal(moved.length, 1);
  });

  it('a list that a failure stops', async () => {
    await environment.pool.query('ALTER TABLE bridge_state_rows RENAME TO bridge_state_rows_away');
    const [failing, rest] = [persistState({}, { priority: 9 }), persistFsmTransition()];
    const { workflowId } = await environment.client.start([failing, rest]);
    const report = await environment.client
      .result(workflowId)
      .finally(() => environment.pool.query('ALTER TABLE bridge_state_rows_away RENAME TO bridge_state_rows'));
    assert.equal(report.outcome, 'failed');
    assert.deepEqual(
      report.results.map(({ status }) => status),
      ['failed', 'skipped'],
    );
  });

  it('a slice of lists that share a key', async () => {
    const aggregation_id = randomUUID();
    const lists = [9, 1, 5].map((priority) => ({
      event_id: randomUUID(),
      correlation_id: null,
      intents: [persistState({ aggregation_id }, { priority }), publishEvent()],
    }));
    const report = await environment.temporal.workflow.execute<(input: unknown) => Promise<SliceReport>>(
      'ExecuteSliceWorkflow',
      {
        args: [{ lists }],
        taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: `slice-${randomUUID()}`,
      },
    );
    assert.deepEqual(report.counts, { succeeded: 6 });
    const { rows } = await environment.pool.query<{ total: string }>(
      'SELECT sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = $1',
      [aggregation_id],
    );
    assert.equal(rows[0]?.total, '300');
  });
});

// A task that waits in the worker for room in its cache times out after 10 s.
for (const cached of [0, 4, 20]) {
  describe(`40 lists at once, with ${cached} cached workflows`, () => {
    let environment: Environment;
    before(async () => {
      environment = await createEnvironment({ env: { MAX_CACHED_WORKFLOWS: String(cached) } });
    });
    after(() => environment.close());

    it('lose no workflow task', async () => {
      const { client, temporal } = environment;
      const lists = await Promise.all(
        Array.from({ length: 40 }, () => client.start([persistState()], { share: 'never' })),
      );
      await Promise.all(
        lists.map(async ({ workflowId }) => {
          assert.equal((await client.result(workflowId)).outcome, 'completed');
          const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
          assert.ok(!events?.some((event) => event.workflowTaskTimedOutEventAttributes), workflowId);
        }),
      );
    });
  });
}
