/**
 * This test runs a slice whose every activity goes to another worker. A worker has to ask its stores for what another
 * one has executed.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Ports } from '../../../activities/ports.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { createActivities } from '../../../activities/index.js';
import type { SliceReport } from '../../../src/domain/intake/slice.js';
import type { Verdict } from '../../../src/domain/intake/list.js';
import { createLogger } from '../../../src/log.js';
import { workflowBundle } from '../../../src/temporal/bundle.js';
import { createEndedExecutions } from '../../../src/temporal/ended-executions.js';
import { createParkedRuns } from '../../../src/temporal/parked-runs.js';
import { createStartedLists } from '../../../src/temporal/started-lists.js';
import { type Adapters, openAdapters } from '../../../src/worker/compose.js';
import { createMetrics } from '../../../src/worker/metrics.js';
import { installRuntime } from '../../../src/worker/runtime.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';

const logger = createLogger('silent');

describe('a slice of many workers', () => {
  let environment: Environment;
  let adapters: Adapters;
  let connection: NativeConnection;
  before(async () => {
    environment = await createEnvironment({ worker: false });
    adapters = openAdapters(environment.config, environment.endpoints, logger, createMetrics());
    await installRuntime(logger);
    connection = await NativeConnection.connect({ address: environment.endpoints.temporal.address });
  });
  after(async () => {
    await connection.close();
    await adapters.close();
    await environment.close();
  });

  /** Returns activities without a memory: each call is the first one of its process. */
  function activities(ports: Ports) {
    const fresh = () =>
      createActivities(ports, {
        instruments: { ended: () => undefined, conflicted: () => undefined },
        budget: new OutageBudget(),
      });
    return Object.fromEntries(Object.keys(fresh()).map((name) => [name, (input: never) => fresh()[name]!(input)]));
  }

  it('is answered in full, and announced once', async () => {
    const { temporal, config, pool } = environment;
    const taskQueue = config.TEMPORAL_TASK_QUEUE;
    const worker = await Worker.create({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      taskQueue,
      workflowBundle: { codePath: await workflowBundle(logger) },
      activities: activities({
        ...adapters.ports,
        endedExecutions: createEndedExecutions(temporal, taskQueue),
        parkedRuns: createParkedRuns(temporal, taskQueue),
        startedLists: createStartedLists(temporal, taskQueue),
      }),
    });
    const [state, transition, other] = [persistState(), persistFsmTransition(), persistState()];
    const lists = [[other], [state, transition, publishEvent({ correlation_id: null })]].map((intents) => ({
      event_id: randomUUID(),
      correlation_id: null,
      intents,
    }));
    const report = await worker.runUntil(
      temporal.workflow.execute<(given: unknown) => Promise<SliceReport>>('ExecuteSliceWorkflow', {
        args: [{ lists }],
        taskQueue,
        workflowId: `slice-${randomUUID()}`,
      }),
    );
    assert.deepEqual(report.counts, { succeeded: 4 });
    const { rows: verdicts } = await pool.query<{ verdict: Verdict }>(
      'SELECT verdict FROM intake_verdicts WHERE event_id = $1',
      [lists[1]!.event_id],
    );
    const [persisted, moved, published] = verdicts[0]!.verdict.results;
    assert.deepEqual(
      [persisted?.['namespaces_persisted'], persisted?.['total_items'], persisted?.['repeated']],
      [['test.namespace'], 100, undefined],
    );
    assert.deepEqual([moved?.['to_state'], moved?.['event_published']], ['PROCESSING', true]);
    assert.deepEqual([published?.['event_type'], published?.['event_published']], ['AGGREGATION_STARTED', true]);
    assert.ok([persisted, moved, published].every((result) => result!.execution_time_ms > 0));
    const { rows } = await pool.query<{ id: string }>('SELECT id FROM fsm_transitions WHERE entity_id = $1', [
      transition.payload.workflow_id,
    ]);
    assert.deepEqual(
      rows.map(({ id }) => id),
      [moved?.['transition_id']],
    );
    const told = await readEvents(environment, ['STATE_PERSISTED', 'FSM_STATE_TRANSITIONED']);
    assert.deepEqual(
      told.map(({ key }) => key).sort(),
      [state.payload.aggregation_id, other.payload.aggregation_id, transition.payload.workflow_id].sort(),
    );
  });
});
