/**
 * This test makes a recovery of more pages than one run's history takes. It goes on in another run, as the same
 * recovery.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { RecoveredStateEvent, RecoverySummaryEvent } from '../../../src/client/index.js';
import type { RecoveryActivities, RecoveryReport } from '../../../src/domain/recovery/recovery.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEventsByConsole, withoutRepeats } from '../../support/events.js';
import { type RecoveryWorker, startRecoveryWorker } from '../../support/recovery-worker.js';

const COUNT = 3_000;
/** States in a page, instead of 5,000, so that there are twelve pages of few states. */
const PAGE = 250;
/**
 * The padding is appended to a cursor, which the workflow only hands on. The server suggests another run from 4 MB of
 * history, and each page puts the padding there twice.
 */
const PADDING = `~${'x'.repeat(400_000)}`;

/** The warning of the first page, which the first run reads; the other pages have none. */
const WARNING = 'left out, because no answer can hold them: some';

describe('a long recovery', () => {
  let environment: Environment;
  let worker: RecoveryWorker;
  before(async () => {
    environment = await createEnvironment({ worker: false });
    worker = await startRecoveryWorker(environment, PAGE, padded);
    await environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_data)
       SELECT gen_random_uuid(), 'workflow_execution', 'PENDING', CASE WHEN n % 3 = 0 THEN 'DONE' ELSE 'PROCESSING' END, 'x', '{}'
       FROM generate_series(1, ${COUNT}) n`,
    );
  });
  after(async () => {
    await worker.close();
    await environment.close();
  });

  const padded = (real: RecoveryActivities): RecoveryActivities => ({
    ...real,
    async emitFsmStates(input) {
      const page = await real.emitFsmStates({ ...input, cursor: input.cursor?.replace(PADDING, '') ?? null });
      return {
        ...page,
        next_cursor: page.next_cursor === null ? null : page.next_cursor + PADDING,
        ...(input.cursor === null ? { warning: WARNING } : {}),
      };
    },
  });

  it('goes on in another run, as the same recovery, and its counts are those of all runs', async () => {
    const { temporal, config } = environment;
    const workflowId = randomUUID();
    const handle = await temporal.workflow.start<(given: object) => Promise<RecoveryReport>>(
      'RecoverFsmStatesWorkflow',
      { args: [{}], taskQueue: config.TEMPORAL_TASK_QUEUE, workflowId },
    );
    const report = await handle.result();

    const { runId } = await temporal.workflow.getHandle(workflowId).describe();
    assert.notEqual(runId, handle.firstExecutionRunId, 'it fitted one run');
    assert.deepEqual(report, {
      // The recovery id is that of the first run, whichever run is the last.
      recovery_id: handle.firstExecutionRunId,
      emitted: COUNT,
      failed: 0,
      by_state: { DONE: COUNT / 3, PROCESSING: (COUNT * 2) / 3 },
      pages: COUNT / PAGE,
      warning: WARNING,
    });
    const events = withoutRepeats(await readEventsByConsole(environment, ['FSM_STATES_RECOVERED']));
    assert.ok(events.every(({ envelope }) => envelope.correlation_id === report.recovery_id));
    const payloads = events.map(
      ({ envelope }) => envelope.payload as unknown as RecoveredStateEvent | RecoverySummaryEvent,
    );
    assert.deepEqual(
      payloads.filter(({ kind }) => kind === 'summary'),
      [{ kind: 'summary', ...report }],
    );
    const { rows } = await environment.pool.query<{ id: string }>(
      'SELECT workflow_id AS id FROM fsm_states ORDER BY 1',
    );
    // Each state came under one event id, so no page was read as part of another recovery.
    assert.deepEqual(
      payloads.flatMap((payload) => (payload.kind === 'state' ? [payload.workflow_id] : [])).sort(),
      rows.map(({ id }) => id),
    );
  }).timeout(120_000);
});
