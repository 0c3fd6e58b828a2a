/** These tests check what the reducers find on their topic after `RecoverFsmStatesWorkflow`. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { RecoveredStateEvent, RecoverySummaryEvent } from '../../../src/client/index.js';
import { isNewer } from '../../../src/domain/recovery/newer.js';
import type { RecoveryReport } from '../../../src/domain/recovery/recovery.js';
import { createLogger } from '../../../src/log.js';
import { startRecovery } from '../../../src/temporal/start-recovery.js';
import { until } from '../../../src/flow-control/until.js';
import { BRIDGE_MAIN } from '../../support/bridge.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { type RecoveryWorker, startRecoveryWorker } from '../../support/recovery-worker.js';

const COUNT = 600;
/** States in a page, instead of 5,000, so that there are three pages. */
const PAGE = 250;

describe('RecoverFsmStatesWorkflow', () => {
  let environment: Environment;
  let worker: RecoveryWorker;
  /** Returns the promise that a page waits for before it is emitted. */
  let gate: (cursor: string | null) => Promise<void> | undefined = () => undefined;
  before(async () => {
    environment = await createEnvironment({ worker: false });
    worker = await startRecoveryWorker(environment, PAGE, (real) => ({
      ...real,
      async emitFsmStates(input) {
        await gate(input.cursor ?? null);
        return real.emitFsmStates(input);
      },
    }));
    await environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_data)
       SELECT gen_random_uuid(), 'workflow_execution', 'PENDING', CASE WHEN n % 4 = 0 THEN 'COMPLETED' ELSE 'PROCESSING' END,
         'x', jsonb_build_object('metadata', jsonb_build_object('namespace', 'ns' || n % 3))
       FROM generate_series(1, ${COUNT}) n`,
    );
  });
  after(async () => {
    await worker.close();
    await environment.close();
  });

  const recover = (request: unknown): Promise<RecoveryReport> =>
    environment.temporal.workflow.execute<(given: unknown) => Promise<RecoveryReport>>('RecoverFsmStatesWorkflow', {
      args: [request],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: randomUUID(),
    });
  /** Returns the events of a recovery. */
  async function eventsOf(recoveryId: string) {
    const all = await readEvents(environment, ['FSM_STATES_RECOVERED']);
    const events = all.filter(({ headers }) => headers['correlation_id'] === recoveryId);
    const payloads = events.map(({ key, envelope }) => ({
      key,
      id: envelope.event_id,
      payload: envelope.payload as unknown as RecoveredStateEvent | RecoverySummaryEvent,
    }));
    return {
      states: payloads.flatMap(({ payload, ...rest }) => (payload.kind === 'state' ? [{ ...rest, payload }] : [])),
      summaries: payloads.flatMap(({ payload }) => (payload.kind === 'summary' ? [payload] : [])),
    };
  }

  it('emits every state, keyed by its workflow, and the counts at the end; a repeat emits the same event ids', async () => {
    const recovery_id = randomUUID();
    const report = await recover({ recovery_id });
    const by_state = { PROCESSING: COUNT * 0.75, COMPLETED: COUNT * 0.25 };
    assert.deepEqual(report, { recovery_id, emitted: COUNT, failed: 0, by_state, pages: 3 });

    const { summaries, ...read } = await eventsOf(recovery_id);
    const states = [...new Map(read.states.map((event) => [event.id, event])).values()];
    assert.deepEqual(summaries, [{ kind: 'summary', ...report }]);
    const { rows } = await environment.pool.query<{ id: string; state: string }>(
      'SELECT workflow_id AS id, current_state AS state FROM fsm_states ORDER BY workflow_id',
    );
    assert.deepEqual(
      states
        .map(({ key, payload }) => ({ key, id: payload.workflow_id, state: payload.current_state }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
      rows.map(({ id, state }) => ({ key: id, id, state })),
    );
    const [first] = states;
    assert.deepEqual([first?.payload.epoch, first?.payload.transition_count], [1, 1]);

    await recover({ recovery_id });
    const again = await eventsOf(recovery_id);
    assert.ok(again.states.length >= 2 * COUNT);
    assert.equal(new Set(again.states.map(({ id }) => id)).size, COUNT);
  }).timeout(120_000);

  it('says how far it is, and came: to a query, and in the Web UI', async () => {
    const workflowId = randomUUID();
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    // The pages after the first one wait.
    gate = (cursor) => (cursor === null ? undefined : opened);
    const handle = await environment.temporal.workflow.start<(given: object) => Promise<RecoveryReport>>(
      'RecoverFsmStatesWorkflow',
      { args: [{}], taskQueue: environment.config.TEMPORAL_TASK_QUEUE, workflowId },
    );
    await until(20_000, async () => {
      const { pages, emitted } = await handle.query<RecoveryReport>('recovery');
      assert.deepEqual([pages, emitted], [1, PAGE]);
    });
    open();
    gate = () => undefined;
    await handle.result();
    assert.deepEqual(await handle.query('recovery'), await handle.result());
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.equal(
      currentDetails,
      `**${COUNT} states** emitted in 3 pages\n\n| State | Workflows |\n| --- | ---: |\n` +
        `| PROCESSING | ${COUNT * 0.75} |\n| COMPLETED | ${COUNT * 0.25} |`,
    );
  });

  it('is safe beside another: each emits all, and the same state under the same id as its repeat', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const reports = await Promise.all([one, one, other].map((recovery_id) => recover({ recovery_id })));
    assert.deepEqual(
      reports.map(({ emitted }) => emitted),
      [COUNT, COUNT, COUNT],
    );
    const [ofOne, ofOther] = [await eventsOf(one), await eventsOf(other)];
    // There may be more, because an attempt that ran into its time limit sends its page again.
    assert.ok(ofOne.states.length >= 2 * COUNT && ofOther.states.length >= COUNT);
    assert.equal(new Set(ofOne.states.map(({ id }) => id)).size, COUNT);
    const latest = (events: typeof ofOne) =>
      new Map(events.states.map(({ payload }) => [payload.workflow_id, payload.current_state]));
    assert.deepEqual([...latest(ofOne)].sort(), [...latest(ofOther)].sort());
  }).timeout(120_000);

  it('takes only what was asked for', async () => {
    const report = await recover({ states: ['COMPLETED'], namespaces: ['ns1'] });
    assert.deepEqual([report.emitted, report.by_state], [COUNT / 12, { COMPLETED: COUNT / 12 }]);
    assert.equal((await eventsOf(report.recovery_id)).states.length, COUNT / 12);
  });

  for (const [request, message] of [
    [{ since_days: 'week' }, /^since_days: expected a number, got string/],
    [{ states: [] }, /^states: /],
    [{ recovery_id: 7 }, /^recovery_id: expected a string, got number/],
  ] as const) {
    it(`refuses ${JSON.stringify(request)}, naming the field`, async () => {
      await assert.rejects(recover(request), (error: { cause?: { cause?: Error } }) => {
        assert.match(error.cause?.cause?.message ?? '', message);
        return true;
      });
    });
  }

  it('takes no request for an empty one', async () => {
    assert.equal((await recover(null)).emitted, COUNT);
  });

  it('runs once for a deployment, however many workers start', async () => {
    const deployment = randomUUID();
    const env = { ...environment.env, DEPLOYMENT_ID: deployment, LOG_LEVEL: 'info' };
    const workflowId = `recover-fsm-states-${environment.config.TEMPORAL_TASK_QUEUE}-${deployment}`;
    const start = () => {
      const child = spawn(process.execPath, [BRIDGE_MAIN, 'worker', '--recover-on-start'], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const lines: string[] = [];
      createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
      return { child, lines };
    };
    const workers = [start(), start(), start()];
    const said = (text: string) => workers.flatMap(({ lines }) => lines).filter((line) => line.includes(text)).length;
    try {
      await until(60_000, () => {
        assert.equal(said('recovery started') + said('this deployment has had its recovery'), 3);
        return Promise.resolve();
      });
      assert.equal(said('recovery started'), 1);
      const handle = environment.temporal.workflow.getHandle(workflowId);
      const report = (await handle.result()) as RecoveryReport;
      assert.equal(report.emitted, COUNT);
      assert.equal((await eventsOf(report.recovery_id)).summaries.length, 1);
      const { count } = await environment.temporal.workflow.count(`WorkflowId = '${workflowId}'`);
      assert.equal(count, 1);
    } finally {
      for (const { child } of workers) {
        child.kill('SIGTERM');
        if (child.exitCode === null) await once(child, 'exit');
      }
    }
  }).timeout(180_000);

  it('tells two states of one count apart, by their arrival', async () => {
    const [workflow, recovery_id] = [randomUUID(), randomUUID()];
    for (const state of ['FIRST', 'SECOND']) {
      await environment.pool.query(
        `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_count)
         VALUES ($1, 'workflow_execution', $2, 'x', 1)`,
        [workflow, state],
      );
      await recover({ recovery_id, states: ['FIRST', 'SECOND'] });
    }
    const { states } = await eventsOf(recovery_id);
    const [first, second] = states as [(typeof states)[0], (typeof states)[0]];
    assert.deepEqual(
      states.map(({ payload }) => [payload.current_state, payload.epoch, payload.transition_count]),
      [
        ['FIRST', 1, 1],
        ['SECOND', 1, 1],
      ],
    );
    assert.notEqual(first.id, second.id);
    assert.deepEqual([isNewer(second.payload, first.payload), isNewer(first.payload, second.payload)], [true, false]);
  });

  it('tries again for a deployment whose recovery failed, until one completes', async () => {
    const { temporal, config } = environment;
    const deployment = randomUUID();
    const start = () => startRecovery(temporal, config.TEMPORAL_TASK_QUEUE, deployment, createLogger('silent'));
    const workflowId = `recover-fsm-states-${config.TEMPORAL_TASK_QUEUE}-${deployment}`;
    const failing = await temporal.workflow.start('RecoverFsmStatesWorkflow', {
      args: [{ states: [] }],
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      workflowId,
    });
    await assert.rejects(failing.result());
    assert.deepEqual(await start(), { workflowId, started: true });
    // No other recovery is started while this one runs.
    assert.deepEqual(await start(), { workflowId, started: false });
    const report = (await temporal.workflow.getHandle(workflowId).result()) as RecoveryReport;
    const { rows } = await environment.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM fsm_states');
    assert.equal((await eventsOf(report.recovery_id)).states.length, rows[0]?.count);
    assert.deepEqual(await start(), { workflowId, started: false });
  });
});
