/**
 * These tests go through outages of many minutes, on Temporal's time-skipping server. They check how long a list waits,
 * and what never ends it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { z } from 'zod';
import { defineEffect } from '../../../activities/effects/effect.js';
import type { Ports } from '../../../activities/ports.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { createActivities } from '../../../activities/index.js';
import type { IntentsReport } from '../../../src/client/index.js';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { createLogger } from '../../../src/log.js';
import { workflowBundle } from '../../../src/temporal/bundle.js';
import { createEndedExecutions } from '../../../src/temporal/ended-executions.js';
import { until } from '../../../src/flow-control/until.js';
import { memoryPorts } from '../../support/memory-ports.js';
import { createTimeSkipping, type TimeSkipping } from '../../support/time-skipping.js';
import { noteOf } from '../../support/note.js';

const MINUTE = 60_000;
const TEN_YEARS_S = 10 * 365 * 24 * 3_600;

describe('outages of many minutes', () => {
  let time: TimeSkipping;
  let codePath: string;
  /** The server's time at the last attempt, which is the clock of the worker's outage budget here. */
  let now = 0;
  /** The times of the attempts, by the server's clock. */
  let attempts: number[] = [];
  /** Returns the failure class of an attempt; undefined: it succeeds. */
  let meets: (at: number) => FailureClass | undefined = () => undefined;
  /** Milliseconds after which a failure asks for the next attempt; null: it does not say. */
  let retryAfterMs: number | null = null;

  const note = defineEffect(noteOf(z.looseObject({})), () => async ({ commands }) => {
    now = await time.now();
    attempts.push(now);
    const failureClass = meets(now);
    if (failureClass !== undefined) throw refusalOf(failureClass);
    const settled_at = new Date(now).toISOString();
    return commands.map(() => ({ ok: true as const, result: {}, settled_at, repeated: false }));
  });

  const refusalOf = (failureClass: FailureClass): EffectError =>
    new EffectError(failureClass, `on command: ${failureClass}`, retryAfterMs === null ? {} : { retryAfterMs });

  before(async function () {
    this.timeout(5 * MINUTE);
    time = await createTimeSkipping();
    codePath = await workflowBundle(createLogger('silent'));
  });
  after(() => (time as TimeSkipping | undefined)?.close());
  beforeEach(() => {
    attempts = [];
    retryAfterMs = null;
    meets = () => undefined;
  });

  // The list asks no store, so its ports are empty.
  const ports = { deadLetters: {} } as Ports;
  const optionsOf = () => ({
    instruments: { ended: () => undefined, conflicted: () => undefined },
    budget: new OutageBudget(undefined, () => now),
  });
  const createWorker = (taskQueue: string, over: Ports = ports): Promise<Worker> =>
    Worker.create({
      connection: time.environment.nativeConnection,
      taskQueue,
      workflowBundle: { codePath },
      activities: createActivities(over, optionsOf(), [note]),
    });

  const start = (taskQueue: string) =>
    time.start('ExecuteIntentsWorkflow', taskQueue, {
      intents: [{ intent_type: 'Note', target: 'store_effect', payload: {} }],
      // The list announces nothing, because its own activity is what the tests are about.
      options: { derivedEvents: 'none' },
    });
  type Execution = Awaited<ReturnType<typeof start>>;

  const reportOf = async (execution: Execution): Promise<IntentsReport> => (await execution.result()) as IntentsReport;

  /**
   * Runs a list while a worker is there. @returns its report, and the server's milliseconds between first and last
   * attempt.
   */
  async function execute() {
    now = await time.now();
    const taskQueue = randomUUID();
    const worker = await createWorker(taskQueue);
    const execution = await start(taskQueue);
    const report = await worker.runUntil(reportOf(execution));
    await assertScheduled(execution);
    return { result: report.results[0]!, outcome: report.outcome, lasted: attempts.at(-1)! - attempts[0]! };
  }

  /**
   * Asserts that an activity was scheduled, and that time in the queue ends none. Where a command has no time-out, the
   * test server writes its own: ten years.
   */
  async function assertScheduled(execution: Execution): Promise<void> {
    const { events } = await execution.fetchHistory();
    const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: of }) => of ?? []);
    assert.ok(scheduled.length > 0, 'no activity was scheduled');
    for (const { scheduleToCloseTimeout, scheduleToStartTimeout } of scheduled) {
      for (const timeout of [scheduleToCloseTimeout, scheduleToStartTimeout]) {
        assert.equal(Number(timeout?.seconds), TEN_YEARS_S);
      }
    }
  }

  it('all workers down for 20 minutes, before a list is even planned: it is executed when one is back', async () => {
    const taskQueue = randomUUID();
    const from = await time.now();
    const execution = await start(taskQueue);
    // The one task that waits in the queue is the workflow task. The server would otherwise hold its clock for it.
    await time.passWith(1, '20 minutes');
    assert.ok((await time.now()) - from >= 20 * MINUTE);
    const report = await (await createWorker(taskQueue)).runUntil(reportOf(execution));
    assert.equal(report.outcome, 'completed', JSON.stringify(report.results));
    assert.ok(attempts[0]! - from >= 20 * MINUTE);
    await assertScheduled(execution);
  });

  it('all workers down for 20 minutes, after an activity was scheduled: it is executed when one is back', async () => {
    const taskQueue = randomUUID();
    const execution = await start(taskQueue);
    const planner = await Worker.create({
      connection: time.environment.nativeConnection,
      taskQueue,
      workflowBundle: { codePath },
      activities: createActivities(ports, optionsOf(), [note]),
      // This worker plans the list in a local activity. The activity that it schedules stays in the queue.
      enableNonLocalActivities: false,
      // The worker keeps no workflow in memory. A workflow's next task would otherwise wait in this worker's own queue,
      // and the server never takes it back.
      maxCachedWorkflows: 0,
    });
    await planner.runUntil(until(20_000, () => assertScheduled(execution)));
    assert.deepEqual(attempts, []);
    const from = await time.now();
    await time.passWith(1, '20 minutes');
    const report = await (await createWorker(taskQueue)).runUntil(reportOf(execution));
    assert.equal(report.outcome, 'completed', JSON.stringify(report.results));
    assert.equal(attempts.length, 1);
    assert.ok(attempts[0]! - from >= 20 * MINUTE);
    await assertScheduled(execution);
  });

  it('a store unavailable for 20 minutes, before a slice is planned: its lists are executed when it is back', async () => {
    const taskQueue = randomUUID();
    const { client } = time.environment;
    const memory = memoryPorts({ endedExecutions: createEndedExecutions(client, taskQueue) });
    const from = await time.now();
    let asked = 0;
    memory.before.set('verdicts.answered', async () => {
      asked += 1;
      if ((await time.now()) - from >= 20 * MINUTE) return;
      // The delay is more than a minute. A worker waits a shorter delay of a local activity out by itself, by a clock
      // that cannot be skipped.
      throw ApplicationFailure.create({ message: 'away', nextRetryDelay: '5 minutes' });
    });
    const list: SliceList = {
      event_id: randomUUID(),
      correlation_id: null,
      intents: [{ intent_type: 'Note', target: 'store_effect', payload: {} }],
    };
    const execution = await time.start('ExecuteSliceWorkflow', taskQueue, { lists: [list] });
    await (await createWorker(taskQueue, memory.ports)).runUntil(execution.result());
    assert.equal(memory.verdicts.get(list.event_id)?.outcome, 'completed');
    assert.ok(asked > 4 && attempts.length === 1, `asked ${asked} times, ${attempts.length} attempts`);
  });

  it('a store unavailable for 14 minutes: the list waits, and succeeds', async () => {
    let back = Infinity;
    meets = (at) => {
      if (back === Infinity) back = at + 14 * MINUTE;
      return at < back ? 'unavailable' : undefined;
    };
    const { outcome, lasted } = await execute();
    assert.equal(outcome, 'completed');
    assert.ok(lasted >= 14 * MINUTE && lasted <= 15 * MINUTE, `after ${lasted} ms`);
  });

  for (const failureClass of ['unavailable', 'transient'] as const) {
    it(`a store that is ${failureClass} for longer than 15 minutes: the list is given up then`, async () => {
      meets = () => failureClass;
      const { result, lasted } = await execute();
      assert.deepEqual(
        [result.status, result.error, result.failure_class],
        ['failed', `on command: ${failureClass}`, failureClass],
      );
      assert.ok(lasted >= 14 * MINUTE && lasted <= 16 * MINUTE, `after ${lasted} ms`);
    });
  }

  it('a breaker that refuses for 5 minutes: the retry comes after that, within a quarter of it', async () => {
    retryAfterMs = 5 * MINUTE;
    meets = () => (attempts.length === 1 ? 'unavailable' : undefined);
    const { outcome, lasted } = await execute();
    assert.deepEqual([outcome, attempts.length], ['completed', 2]);
    assert.ok(lasted >= 5 * MINUTE && lasted <= 6.25 * MINUTE + 5_000, `after ${lasted} ms`);
  });

  for (const [failureClass, budget] of [
    ['unknown', 3],
    ['invalid', 1],
  ] as const) {
    it(`a failure of class ${failureClass}: ${budget} attempts`, async () => {
      meets = () => failureClass;
      const { result } = await execute();
      assert.deepEqual([result.status, attempts.length], ['failed', budget]);
    });
  }
});
