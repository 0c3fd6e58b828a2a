import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { EventType } from '../../../src/domain/events/event-types.js';
import { unannouncedEffects } from '../../../src/domain/execution/search-attributes.js';
import type { SweepReport, SweepRequest } from '../../../src/domain/sweep/sweep.js';
import { createEndedExecutions } from '../../../src/temporal/ended-executions.js';
import { until } from '../../../src/flow-control/until.js';
import { gatedIntent } from '../../support/gate.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';
import { identified, useSweeps } from '../../support/sweeps.js';

const BOTH: readonly EventType[] = ['STATE_PERSISTED', 'FSM_STATE_TRANSITIONED'];

describe('SweepExecutionsWorkflow', () => {
  const sweeps = useSweeps({
    once: 'an execution that is ended behind its publish is announced again by the sweep',
  });
  const { gate, broken, startHeld, ended, sweep, eventsOf, marks } = sweeps;

  it('announces the effects of a terminated execution, once', async () => {
    const [state, transition] = [identified(persistState()), identified(persistFsmTransition())];
    const run = await startHeld([state, transition, gatedIntent(-1)], { correlation_id: 'of the list' });
    await run.handle.terminate('a person did');
    await ended(run, 'Terminated');
    assert.deepEqual(await eventsOf([state, transition], BOTH), []);

    assert.deepEqual(await sweep(), { swept: 1, announced: 2, copied: 0, unreadable: 0, left: 0 });
    assert.deepEqual(await sweep(), { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 });
    const events = await eventsOf([state, transition], BOTH);
    assert.deepEqual(
      events.map(({ intent, type, envelope }) => [intent, type, envelope.correlation_id]),
      [
        [0, 'STATE_PERSISTED', 'of the list'],
        [1, 'FSM_STATE_TRANSITIONED', 'of the list'],
      ],
    );
    assert.equal(events[0]?.envelope.payload['aggregation_id'], state.payload.aggregation_id);
    assert.deepEqual(await marks(run.workflowId), [{ execution_id: `${run.workflowId}/${run.runId}`, reason: null }]);
  });

  it('leaves an execution that ended a moment ago to the next sweep: its last attempt may still write', async () => {
    const run = await startHeld([persistState(), gatedIntent(-1)]);
    await run.handle.terminate();
    await ended(run, 'Terminated');
    const report: unknown = await sweeps.environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
      args: [],
      taskQueue: sweeps.environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `sweep-${randomUUID()}`,
    });
    assert.deepEqual(report, { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 });
    assert.deepEqual(await sweep(), { swept: 1, announced: 1, copied: 0, unreadable: 0, left: 0 });
  });

  it('announces the effects of an execution that timed out', async () => {
    const state = identified(persistState());
    const run = await startHeld([state, gatedIntent(-1)], {}, '4 s');
    await ended(run, 'TimedOut');
    assert.deepEqual(await sweep(), { swept: 1, announced: 1, copied: 0, unreadable: 0, left: 0 });
    assert.equal((await eventsOf([state])).length, 1);
  });

  it('announces what the new run of a reset execution takes for announced', async () => {
    const state = identified(persistState());
    const run = await startHeld([state, gatedIntent(-1)]);
    const { events } = await run.handle.fetchHistory();
    const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes != null);
    const { namespace } = sweeps.environment.temporal.options;
    await sweeps.environment.temporal.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution: { workflowId: run.workflowId, runId: run.runId },
      workflowTaskFinishEventId: firstTask?.eventId ?? null,
      requestId: randomUUID(),
      reason: 'test',
    });
    gate.open();
    const report = await sweeps.environment.client.result(run.workflowId);
    assert.deepEqual([report.outcome, report.results[0]?.status], ['completed', 'succeeded']);
    assert.equal((report.results[0] as { repeated?: boolean }).repeated, true);
    await ended(run, 'Terminated');
    assert.deepEqual(await eventsOf([state]), []);

    assert.deepEqual(await sweep(), { swept: 1, announced: 1, copied: 0, unreadable: 0, left: 0 });
    assert.equal((await eventsOf([state])).length, 1);
  });

  it('announces nothing of a list that wants none, and nothing that the list has published itself', async () => {
    const [silent, own, meant] = [identified(persistState()), identified(persistState()), identified(persistState())];
    const published = ({ payload: { aggregation_id } }: typeof own, priority: number) =>
      publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id, partition_key: aggregation_id }, { priority });
    const runs = [
      await startHeld([silent, gatedIntent(-1)], { options: { derivedEvents: 'none' } }),
      await startHeld([own, published(own, 1), gatedIntent(-1)]),
      await startHeld([meant, gatedIntent(-1), published(meant, -2)]),
    ];
    for (const run of runs) {
      await run.handle.terminate();
      await ended(run, 'Terminated');
    }
    assert.deepEqual(await sweep(), { swept: 3, announced: 1, copied: 0, unreadable: 0, left: 0 });
    assert.deepEqual(
      (await eventsOf([silent, own, meant])).map(({ intent }) => intent),
      [2],
    );
  });

  it('announces the effects of an execution whose id is Markdown, and longer than a summary may be', async () => {
    const state = identified(persistState());
    const id = `${randomUUID()} [x](javascript:alert(1)) <b> \u001b[2J \u202e${'語'.repeat(240)}`;
    const run = await startHeld([state, gatedIntent(-1)], { request_id: 'r' }, undefined, id);
    await run.handle.terminate();
    const { temporal } = sweeps.environment;
    let summaries: string[] = [];
    await until(20_000, async () => {
      const swept = temporal.workflow.getHandle(`sweep-${randomUUID()}`);
      const report = await temporal.workflow.execute<(request: SweepRequest) => Promise<SweepReport>>(
        'SweepExecutionsWorkflow',
        {
          args: [{ grace_seconds: 0 }],
          taskQueue: sweeps.environment.config.TEMPORAL_TASK_QUEUE,
          workflowId: swept.workflowId,
        },
      );
      assert.equal(report.announced, 1);
      const { events } = await swept.fetchHistory();
      summaries = (events ?? []).map(({ userMetadata }) => String(Buffer.from(userMetadata?.summary?.data ?? [])));
    });
    const summary = JSON.parse(summaries.find((text) => text.includes('announce 1 of')) ?? '') as string;
    assert.match(
      summary,
      /^announce 1 of [-0-9a-f]{36} \\\[x\\\]\(javascript:alert\(1\)\) \\<b\\> \\\\u001b\\\[2J \\\\u202e語+…語+$/,
    );
    assert.equal((await eventsOf([state])).length, 1);
  });

  it('announces what an execution could not before it closed', async () => {
    const state = identified(persistState());
    broken.publishes = true;
    const { workflowId } = await sweeps.environment.client.start([state], { requestId: randomUUID() });
    const report = await sweeps.environment.client.result(workflowId);
    broken.publishes = false;
    assert.equal(report.outcome, 'completed');
    const { runId, typedSearchAttributes } = await sweeps.environment.temporal.workflow
      .getHandle(workflowId)
      .describe();
    assert.equal(typedSearchAttributes.get(unannouncedEffects), 1);
    await ended({ workflowId, runId }, 'Completed');
    assert.deepEqual(await sweep(), { swept: 1, announced: 1, copied: 0, unreadable: 0, left: 0 });
    assert.deepEqual(await sweep(), { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 });
    assert.equal((await eventsOf([state])).length, 1);
  });

  it('leaves an execution to the next sweep whose events cannot be published', async () => {
    const state = identified(persistState());
    const run = await startHeld([state, gatedIntent(-1)]);
    await run.handle.terminate();
    await ended(run, 'Terminated');
    broken.publishes = true;
    const failed = await sweep();
    broken.publishes = false;
    assert.deepEqual(failed, { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 1 });
    assert.deepEqual(await marks(run.workflowId), []);
    assert.deepEqual(await sweep(), { swept: 1, announced: 1, copied: 0, unreadable: 0, left: 0 });
    assert.equal((await eventsOf([state])).length, 1);
  });

  it('marks an execution whose input is no plan, with the reason', async () => {
    const handle = await sweeps.environment.temporal.workflow.start('ExecuteIntentsWorkflow', {
      args: [{ intents: 'none' }],
      taskQueue: sweeps.environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `list-${randomUUID()}`,
      startDelay: '1 h',
    });
    const run = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
    await handle.terminate();
    await ended(run, 'Terminated');
    assert.deepEqual(await sweep(), { swept: 0, announced: 0, copied: 0, unreadable: 1, left: 0 });
    const [mark] = await marks(run.workflowId);
    assert.match(mark?.reason ?? '', /^intents: expected an array, got string/);
    assert.deepEqual(await sweep(), { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 });
  });

  it('finds each ended execution once, over several pages', async () => {
    // No worker polls this task queue, because it would execute the lists first.
    const taskQueue = `pages-${randomUUID()}`;
    const runs = Array.from({ length: 3 }, async () => {
      const handle = await sweeps.environment.temporal.workflow.start('ExecuteIntentsWorkflow', {
        args: [{ intents: [] }],
        taskQueue,
        workflowId: `list-${randomUUID()}`,
      });
      await handle.terminate();
      const run = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
      await ended(run, 'Terminated');
      return run;
    });
    const known = (await Promise.all(runs)).map(({ runId }) => runId);
    const executions = createEndedExecutions(sweeps.environment.temporal, taskQueue);
    const now = new Date().toISOString();
    const first = await executions.list(now, null, 2);
    assert.notEqual(first.next, null);
    const second = await executions.list(now, first.next, 2);
    assert.deepEqual([...first.executions, ...second.executions].map(({ run_id }) => run_id).sort(), known.sort());
  });

  it('knows a history that is gone', async () => {
    const executions = createEndedExecutions(
      sweeps.environment.temporal,
      sweeps.environment.config.TEMPORAL_TASK_QUEUE,
    );
    assert.equal(await executions.input({ workflow_id: 'never was', run_id: randomUUID() }), null);
  });

  it('takes no request for an empty one', async () => {
    const report: unknown = await sweeps.environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
      args: [null, null],
      taskQueue: sweeps.environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: randomUUID(),
    });
    assert.deepEqual(report, { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 });
  });

  it('names the field of a sweep that cannot be', async () => {
    await assert.rejects(
      sweeps.environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
        args: [{ grace_seconds: -1 }],
        taskQueue: sweeps.environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: randomUUID(),
      }),
      (error: { cause?: { cause?: Error } }) => (error.cause?.cause?.message ?? '').startsWith('grace_seconds: '),
    );
  });
});
