import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { defineEffect } from '../../../activities/effects/effect.js';
import * as registry from '../../../activities/registry.js';
import type { Intent } from '../../../src/client/index.js';
import type { EventType } from '../../../src/domain/events/event-types.js';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { eventIdOf } from '../../../src/domain/values/ids.js';
import type { SweepReport } from '../../../src/domain/sweep/sweep.js';
import { createEndedExecutions } from '../../../src/temporal/ended-executions.js';
import { unannouncedEffects } from '../../../src/domain/execution/search-attributes.js';
import { until } from '../../../src/flow-control/until.js';
import { readRecords } from '../../support/records.js';
import { rejectionOf } from '../../support/rejected.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { createGate, gatedIntent } from '../../support/gate.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';

const BOTH: readonly EventType[] = ['STATE_PERSISTED', 'FSM_STATE_TRANSITIONED'];

describe('SweepExecutionsWorkflow', () => {
  const gate = createGate();
  const broken = { publishes: false };
  const { publishEvent: announcer, ...others } = registry;
  const publishing = defineEffect(announcer.definition, (ports) => {
    const publish = announcer.create(ports);
    return (batch) => {
      if (broken.publishes) throw new EffectError('invalid', 'neither a broker nor a database');
      return publish(batch);
    };
  });

  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({
      effects: [...Object.values(others), publishing, gate.effect],
      except: {
        once: 'an execution that is ended behind its publish is announced again by the sweep',
        intake: 'a list is parked by hand, without an execution',
      },
    });
  });
  afterEach(() => gate.open());
  after(() => environment.close());

  const identified = <I extends Intent>(intent: I): I & { intent_id: string } => ({
    ...intent,
    intent_id: randomUUID(),
  });

  /** Starts a list and waits until it is held at the gate. */
  async function startHeld(intents: readonly Intent[], options: object = {}, runTimeout?: '4 s') {
    const held = gate.close();
    const handle = await environment.temporal.workflow.start('ExecuteIntentsWorkflow', {
      args: [{ intents, ...options }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `list-${randomUUID()}`,
      ...(runTimeout === undefined ? {} : { workflowRunTimeout: runTimeout }),
    });
    await held;
    return { workflowId: handle.workflowId, runId: handle.firstExecutionRunId, handle };
  }

  /** Until visibility, which lags, knows that a run has ended so. */
  const ended = ({ workflowId, runId }: { workflowId: string; runId: string }, status: string): Promise<void> =>
    until(20_000, async () => {
      const query = `WorkflowId = '${workflowId}' AND RunId = '${runId}' AND ExecutionStatus = '${status}'`;
      assert.equal((await environment.temporal.workflow.count(query)).count, 1);
    });

  const sweep = (): Promise<SweepReport> =>
    environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
      // Nothing of a test is at work any more when it sweeps.
      args: [{ grace_seconds: 0 }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `sweep-${randomUUID()}`,
    });

  const eventsOf = async (
    intents: readonly { intent_id: string }[],
    types: readonly EventType[] = ['STATE_PERSISTED'],
  ) => {
    const ids = new Map(
      intents.flatMap(({ intent_id }, index) => types.map((type) => [eventIdOf(intent_id, type), index] as const)),
    );
    return (await readEvents(environment, types)).flatMap(({ envelope }) => {
      const intent = ids.get(envelope.event_id);
      return intent === undefined ? [] : [{ intent, type: envelope.event_type, envelope }];
    });
  };

  const marks = async (workflowId: string) =>
    (
      await environment.pool.query<{ execution_id: string; reason: string | null }>(
        'SELECT execution_id, reason FROM swept_executions WHERE execution_id LIKE $1',
        [`${workflowId}/%`],
      )
    ).rows;

  /** What the .dlq topic holds of an envelope. */
  const copiesOf = async ({ event_id }: { event_id: string }) => {
    const topic = `${environment.config.KAFKA_TOPIC_PREFIX}.reducer.events.intent_emitted.dlq`;
    const records = await readRecords(environment.endpoints.kafka.brokers, [topic]);
    return records.flatMap(({ value, raw }) => {
      const copy = rejectionOf(raw.headers);
      const envelope = JSON.parse(value ?? '') as { event_id: string; payload: { intents: unknown[] } };
      assert.equal(copy.event_id, envelope.event_id, 'a header tells the copy from others, as nobody has its offset');
      return envelope.event_id === event_id ? [{ intents: envelope.payload.intents, reason: copy.reason ?? '' }] : [];
    });
  };

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
    const report: unknown = await environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
      args: [],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `sweep-${randomUUID()}`,
    });
    assert.deepEqual(report, { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 });
    assert.deepEqual(await sweep(), { swept: 1, announced: 1, copied: 0, unreadable: 0, left: 0 });
  });

  it('announces the effects of a terminated slice, and copies the envelopes nobody has answered', async () => {
    const [done, early] = [identified(persistState()), identified(persistState())];
    const list = (intents: readonly Intent[]) => ({ event_id: randomUUID(), correlation_id: null, intents });
    const [answered, unanswered, parked] = [list([early]), list([done, gatedIntent(-1)]), list([gatedIntent(-2)])];
    const held = gate.close();
    const handle = await environment.temporal.workflow.start('ExecuteSliceWorkflow', {
      args: [{ lists: [answered, unanswered, parked] }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `slice-${randomUUID()}`,
    });
    await held;
    const run = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
    const verdicts = async () =>
      (await environment.pool.query<{ event_id: string }>('SELECT event_id FROM intake_verdicts')).rows.map(
        ({ event_id }) => event_id,
      );
    await until(10_000, async () => assert.deepEqual(await verdicts(), [answered.event_id]));
    await handle.terminate('a person did');
    await ended(run, 'Terminated');
    await environment.pool.query(
      `INSERT INTO intake_parked (event_id, partition, keys, list, intents) VALUES ($1, 'p', '{}', '{}', 1)`,
      [parked.event_id],
    );

    // Of the answered one the announcement may come again, under its event id.
    assert.deepEqual(await sweep(), { swept: 1, announced: 2, copied: 1, unreadable: 0, left: 0 });
    assert.equal((await sweep()).swept, 0);
    assert.deepEqual(new Set((await eventsOf([early, done])).map(({ intent }) => intent)), new Set([0, 1]));
    const [copy] = await copiesOf(unanswered);
    assert.deepEqual(copy?.intents, unanswered.intents);
    assert.match(copy.reason, /ended without an answer$/);
  });

  it('copies the envelopes of a slice that failed for good, and announces its effects', async () => {
    const state = identified(persistState());
    const list = { event_id: randomUUID(), correlation_id: null, intents: [state, gatedIntent(-1)] };
    const held = gate.close();
    const handle = await environment.temporal.workflow.start('ExecuteSliceWorkflow', {
      args: [{ lists: [list] }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `slice-${randomUUID()}`,
    });
    await held;
    // A refusal that no other attempt gets around.
    await environment.pool.query('ALTER TABLE intake_verdicts ADD CONSTRAINT refuses CHECK (false) NOT VALID');
    gate.open();
    try {
      await assert.rejects(handle.result());
    } finally {
      await environment.pool.query('ALTER TABLE intake_verdicts DROP CONSTRAINT refuses');
    }
    await ended({ workflowId: handle.workflowId, runId: handle.firstExecutionRunId }, 'Failed');
    assert.deepEqual(await copiesOf(list), []);

    // The announcement comes again, under its event id: it went before the verdict.
    assert.deepEqual(await sweep(), { swept: 1, announced: 1, copied: 1, unreadable: 0, left: 0 });
    assert.equal((await sweep()).swept, 0);
    const copies = await copiesOf(list);
    assert.deepEqual(
      copies.map(({ intents }) => intents),
      [list.intents],
    );
    assert.match(copies[0]?.reason ?? '', /ended without an answer$/);
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
    const { namespace } = environment.temporal.options;
    await environment.temporal.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution: { workflowId: run.workflowId, runId: run.runId },
      workflowTaskFinishEventId: firstTask?.eventId ?? null,
      requestId: randomUUID(),
      reason: 'test',
    });
    gate.open();
    const report = await environment.client.result(run.workflowId);
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

  it('announces what an execution could not before it closed', async () => {
    const state = identified(persistState());
    broken.publishes = true;
    const { workflowId } = await environment.client.start([state], { requestId: randomUUID() });
    const report = await environment.client.result(workflowId);
    broken.publishes = false;
    assert.equal(report.outcome, 'completed');
    const { runId, typedSearchAttributes } = await environment.temporal.workflow.getHandle(workflowId).describe();
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
    const handle = await environment.temporal.workflow.start('ExecuteIntentsWorkflow', {
      args: [{ intents: 'none' }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
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
    // Where no worker is: it would carry them out first.
    const taskQueue = `pages-${randomUUID()}`;
    const runs = Array.from({ length: 3 }, async () => {
      const handle = await environment.temporal.workflow.start('ExecuteIntentsWorkflow', {
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
    const executions = createEndedExecutions(environment.temporal, taskQueue);
    const now = new Date().toISOString();
    const first = await executions.list(now, null, 2);
    assert.notEqual(first.next, null);
    const second = await executions.list(now, first.next, 2);
    assert.deepEqual([...first.executions, ...second.executions].map(({ run_id }) => run_id).sort(), known.sort());
  });

  it('knows a history that is gone', async () => {
    const executions = createEndedExecutions(environment.temporal, environment.config.TEMPORAL_TASK_QUEUE);
    assert.equal(await executions.input({ workflow_id: 'never was', run_id: randomUUID() }), null);
  });

  it('takes no request for an empty one', async () => {
    const report: unknown = await environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
      args: [null, null],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: randomUUID(),
    });
    assert.deepEqual(report, { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 });
  });

  it('names the field of a sweep that cannot be', async () => {
    await assert.rejects(
      environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
        args: [{ grace_seconds: -1 }],
        taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: randomUUID(),
      }),
      (error: { cause?: { cause?: Error } }) => (error.cause?.cause?.message ?? '').startsWith('grace_seconds: '),
    );
  });
});
