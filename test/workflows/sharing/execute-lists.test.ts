import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Intent } from '../../../src/client/index.js';
import { requestIds } from '../../../src/domain/execution/search-attributes.js';
import type { SliceReport } from '../../../src/domain/intake/slice.js';
import type { SharedReport } from '../../../src/domain/sharing/shared-list.js';
import { emittedId } from '../../../src/domain/values/ids.js';
import { readEvents } from '../../support/events.js';
import { persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { bridgeRows, overflowingState } from '../execution/support.js';
import { named, reportOf, runLists, startLists, statusesOf } from './support.js';

describe('ExecuteListsWorkflow', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  it('executes each list under its own ids, and reports it by itself', async () => {
    const states = [persistState(), persistState()];
    const [first, second] = await runLists(
      environment,
      named([states[0], publishEvent()], 'shared-first'),
      named([states[1], recoverFsmStates()]),
    );
    assert.equal(first?.request_id, 'shared-first');
    assert.deepEqual([reportOf(first).outcome, reportOf(second).outcome], ['completed', 'completed']);
    assert.deepEqual(reportOf(first).counts, { succeeded: 2 });
    assert.equal(reportOf(first).request_id, 'shared-first');
    for (const state of states) {
      assert.equal((await bridgeRows(environment, state.payload.aggregation_id)).length, 1);
    }
    assert.ok('recovered_states' in (reportOf(second).results[1] ?? {}));
  });

  it('stops a list that fails fast, and none of its neighbours', async () => {
    const bad = await overflowingState(environment, 9);
    const [stopped, beside] = await runLists(
      environment,
      named([bad, persistState()]),
      named([persistState(), publishEvent()]),
    );
    assert.equal(reportOf(stopped).outcome, 'failed');
    assert.deepEqual(statusesOf(stopped), ['failed', 'skipped']);
    assert.deepEqual(statusesOf(beside), ['succeeded', 'succeeded']);
  });

  it('refuses lists that are wrong or too large, each by its own reason', async () => {
    const many = Array.from({ length: 2_001 }, () => ({}));
    const lists = await runLists(
      environment,
      'no list',
      named(many, 'too-many'),
      { intents: [], options: { failFastPriority: 'high' } },
      named([persistState()]),
    );
    assert.match(lists[0]?.refused ?? '', /^input: expected an object \{intents, options\?\}, got string/);
    assert.match(lists[1]?.refused ?? '', /2001 intents, the limit is 2000/);
    assert.match(lists[2]?.refused ?? '', /^options\.failFastPriority: /);
    assert.deepEqual(statusesOf(lists[3]), ['succeeded']);
  });

  it('fails for input without lists', async () => {
    const { temporal, config } = environment;
    const run = temporal.workflow.execute('ExecuteListsWorkflow', {
      args: [{ list: [] }],
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      workflowId: 'no-lists',
    });
    await assert.rejects(run, ({ cause }: { cause: Error }) => cause.message.startsWith('lists: expected an array'));
  });

  it('stops a list that is cancelled before the plan is made', async () => {
    const { temporal, config } = environment;
    const [stopped, beside] = [named([persistState()]), named([persistState()])];
    const shared = await temporal.workflow.signalWithStart<(input: unknown) => Promise<SharedReport>, [string]>(
      'ExecuteListsWorkflow',
      {
        args: [{ lists: [stopped, beside] }],
        taskQueue: config.TEMPORAL_TASK_QUEUE,
        workflowId: 'cancelled-at-once',
        signal: 'cancelList',
        signalArgs: [stopped.request_id],
      },
    );
    const { lists } = await shared.result();
    assert.deepEqual(
      lists.map((list) => [reportOf(list).outcome, statusesOf(list)]),
      [
        ['cancelled', ['skipped']],
        ['completed', ['succeeded']],
      ],
    );
  });

  it('leaves a list that waits for a locked row to an execution of its own', async () => {
    const locked = persistState();
    await environment.client.executeIntents([locked]);
    const holder = await environment.pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('UPDATE bridge_state_rows SET updated_at = now() WHERE bridge_id = $1', [
        locked.payload.aggregation_id,
      ]);
      const waits = named([persistState({}, { priority: 9 }), persistState(locked.payload)]);
      const beside = named([persistState()]);
      const [moved, done] = await runLists(environment, waits, beside);
      assert.deepEqual(statusesOf(done), ['succeeded']);
      assert.equal(moved?.workflow_id, waits.request_id);
      await holder.query('ROLLBACK');
      const report = await environment.client.result(waits.request_id);
      assert.deepEqual(
        report.results.map((result): unknown[] => [result.status, Reflect.get(result, 'repeated')]),
        [
          ['succeeded', true],
          ['succeeded', undefined],
        ],
      );
      // The list is the same as if its caller had started it: it is no conflict, and is not executed again.
      const again = await environment.client.start(waits.intents as Intent[], { requestId: waits.request_id });
      assert.equal(again.started, false);
    } finally {
      holder.release(true);
    }
  });

  it('has the list of the intake under the same request id, whichever comes first', async () => {
    const { temporal, config } = environment;
    const options = { failFastPriority: 2, derivedEvents: 'unless_published' };
    const emit = ({ intents, request_id }: ReturnType<typeof named>) =>
      temporal.workflow.execute<(input: unknown) => Promise<SliceReport>>('ExecuteSliceWorkflow', {
        args: [
          {
            lists: [
              {
                event_id: emittedId({ intents, request_id, options }),
                correlation_id: null,
                emitted_at: new Date().toISOString(),
                request_id,
                options,
                intents,
              },
            ],
          },
        ],
        taskQueue: config.TEMPORAL_TASK_QUEUE,
        workflowId: `slice-${randomUUID()}`,
      });
    const [packedFirst, emittedFirst] = [named([persistState(), publishEvent()]), named([persistState()])];
    const [packed] = await runLists(environment, packedFirst);
    assert.equal((await emit(packedFirst)).repeated, 1);
    const answers = (await readEvents(environment, ['INTENT_RESULT'])).filter(
      ({ envelope }) => envelope.causation_id === packed?.event_id,
    );
    assert.deepEqual(
      answers.map(({ envelope }) => envelope.payload['results']),
      [reportOf(packed).results],
    );
    assert.equal((await emit(emittedFirst)).counts.succeeded, 1);
    const [again] = await runLists(environment, emittedFirst);
    assert.match(reportOf(again).workflow_id, /^slice-/);
    assert.deepEqual(statusesOf(again), ['succeeded']);
  });

  it('finds its lists by their request ids, and shows a row for each', async () => {
    const shared = await startLists(environment, named([persistState()], 'by-name'));
    await shared.result();
    assert.equal((await environment.client.result('by-name')).outcome, 'completed');
    const { typedSearchAttributes: attributes } = await shared.describe();
    assert.deepEqual(attributes.get(requestIds), ['by-name']);
    const { currentDetails } = await shared.query<{ readonly currentDetails: string }>('__temporal_workflow_metadata');
    assert.match(currentDetails, /\| by-name \| 1 \| 1 \| 0 \| 0 \| done \|/);
  });
});
