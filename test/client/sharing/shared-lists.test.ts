/** These tests hand many lists to one client at once, on the real servers. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  type Intent,
  RequestConflictError,
  RequestError,
  type Result,
  StoreEffectClient,
} from '../../../src/client/index.js';
import { until } from '../../../src/flow-control/until.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { bridgeRows, overflowingState } from '../../workflows/execution/support.js';

const repeatedOf = (result: Result): unknown => Reflect.get(result, 'repeated');

describe('lists of many callers of one client', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  const newClient = () => new StoreEffectClient(environment.temporal, environment.config.TEMPORAL_TASK_QUEUE);
  const countOf = async (type: string): Promise<number> =>
    (
      await environment.temporal.workflow.count(
        `TaskQueue = '${environment.config.TEMPORAL_TASK_QUEUE}' AND WorkflowType = '${type}'`,
      )
    ).count;
  /** Starts lists in one turn, so that they share executions. */
  const together = (client: StoreEffectClient, lists: readonly (readonly Intent[])[], ids: readonly string[]) =>
    Promise.all(lists.map((intents, at) => client.executeIntents(intents, { requestId: ids[at] ?? randomUUID() })));
  const fill = (count: number) => Array.from({ length: count }, () => [persistState()]);

  it('share a few executions, and have a report each', async () => {
    const before = await countOf('ExecuteListsWorkflow');
    const states = Array.from({ length: 60 }, () => persistState());
    const reports = await Promise.all(
      states.map((state, at) =>
        environment.client.executeIntents([state, publishEvent()], { requestId: `caller-${at}` }),
      ),
    );
    assert.deepEqual(
      reports.map(({ request_id, counts }) => [request_id, counts.succeeded]),
      states.map((_, at) => [`caller-${at}`, 2]),
    );
    for (const state of states.slice(0, 3)) {
      assert.equal((await bridgeRows(environment, state.payload.aggregation_id)).length, 1);
    }
    await until(10_000, async () => assert.equal(await countOf('ExecuteListsWorkflow'), before + 2));
  });

  it('have an execution of their own when they are two, or want it', async () => {
    const client = newClient();
    const [one, other] = await Promise.all(fill(2).map((intents) => client.executeIntents(intents)));
    const apart = await Promise.all(fill(6).map((intents) => client.executeIntents(intents, { share: 'never' })));
    for (const report of [one, other, ...apart]) assert.equal(report?.workflow_id, report?.request_id);
    await assert.rejects(client.start([], { share: 'sometimes' as never }), RequestError);
  });

  it('are found by their request ids by another process, and by whom started them', async () => {
    const [client, other] = [newClient(), newClient()];
    const ids = fill(6).map(() => randomUUID());
    const started = await Promise.all(
      fill(6).map((intents, at) => client.start(intents, { requestId: ids[at] ?? '' })),
    );
    const shared = started.filter(({ sharedBy }) => sharedBy !== undefined);
    assert.ok(shared.length >= 4, `${shared.length} lists share`);
    for (const { workflowId, sharedBy } of shared) {
      const [own, found] = [await client.result(workflowId), await other.result(workflowId)];
      assert.deepEqual(found, own);
      assert.equal(found.workflow_id, sharedBy);
      assert.equal((await other.progress(workflowId))?.settled, 1);
    }
  });

  it('do not touch their neighbours when one fails, is invalid, or conflicts', async () => {
    const client = newClient();
    const used = randomUUID();
    await together(client, fill(6), [used]);
    const bad = await overflowingState(environment, 9);
    const outcomes = await Promise.allSettled(
      each(client, [
        [[bad, persistState()], randomUUID()],
        [[persistState()], used],
        [[{ ...persistState(), payload: {} } as Intent, persistState()], randomUUID()],
        ...fill(5).map((intents): [Intent[], string] => [intents, randomUUID()]),
      ]),
    );
    const said = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value.outcome : (outcome.reason as Error).name,
    );
    assert.deepEqual(said, ['failed', 'RequestConflictError', 'partial', ...fill(5).map(() => 'completed')]);
    // Nor has an execution of its own the id, which a shared one has used.
    const other = newClient().executeIntents([persistState()], { requestId: used, share: 'never' });
    await assert.rejects(other, RequestConflictError);
  });

  const each = (client: StoreEffectClient, lists: readonly [Intent[], string][]) =>
    lists.map(([intents, requestId]) => client.executeIntents(intents, { requestId }));

  it('are the same list under one request id, alone, packed, and in another process', async () => {
    const id = randomUUID();
    const intents: Intent[] = [persistState(), publishEvent(), recoverFsmStates({ limit: 1 })];
    const [packed] = await together(newClient(), [intents, ...fill(5)], [id]);
    // The stored report is given again, word for word.
    assert.deepEqual((await together(newClient(), [intents, ...fill(5)], [id]))[0], packed);
    const alone = await newClient().executeIntents(intents, { requestId: id, share: 'never' });
    const [again] = await together(newClient(), [intents, ...fill(5)], [id]);
    assert.deepEqual(
      [packed, alone, again].map((report) => [report?.outcome, report?.results.map(({ intent_id }) => intent_id)]),
      Array.from({ length: 3 }, () => ['completed', packed?.results.map(({ intent_id }) => intent_id)]),
    );
    assert.deepEqual(alone.results.map(repeatedOf), [true, true, undefined]);
    assert.deepEqual(again, alone);
    for (const share of ['never', 'auto'] as const) {
      await assert.rejects(
        newClient().executeIntents([persistState()], { requestId: id, share }),
        (error) => error instanceof RequestConflictError,
      );
    }
  });

  it('are one list for callers that start it at the same time', async () => {
    const id = randomUUID();
    const state = persistState();
    const client = newClient();
    const reports = await Promise.all([
      ...[1, 2, 3].map(() => client.executeIntents([state], { requestId: id })),
      ...fill(5).map((intents) => client.executeIntents(intents)),
      newClient().executeIntents([state], { requestId: id }),
    ]);
    assert.ok(reports.every(({ outcome }) => outcome === 'completed'));
    const [row] = await bridgeRows(environment, state.payload.aggregation_id);
    assert.equal(row?.['total_items_aggregated'], '100');
    await assert.rejects(
      Promise.all([
        ...fill(4).map((intents) => client.executeIntents(intents)),
        client.executeIntents([persistState()], { requestId: 'twice' }),
        client.executeIntents([persistState()], { requestId: 'twice' }),
      ]),
      RequestConflictError,
    );
  });

  it('run again what is left of one of them, under its request id', async () => {
    const id = randomUUID();
    const bad = await overflowingState(environment, 1);
    const done = persistState();
    const [first] = await together(newClient(), [[done, bad], ...fill(5)], [id]);
    assert.equal(first?.outcome, 'partial');
    await environment.pool.query('UPDATE bridge_state_rows SET total_items_aggregated = 0 WHERE bridge_id = $1', [
      bad.payload.aggregation_id,
    ]);
    const [second] = await together(newClient(), [[done, bad], ...fill(5)], [id]);
    assert.deepEqual([second?.outcome, second?.results.map(repeatedOf)], ['completed', [true, undefined]]);
  });

  it('go on in packs within the limits of a payload, and alone when one is large', async () => {
    const client = newClient();
    const text = 'x'.repeat(300_000);
    const heavy = Array.from({ length: 8 }, () => [persistFsmTransition({ metadata: { namespace: 'heavy', text } })]);
    const long = Array.from({ length: 24 }, (_, at) => `${String(at).padStart(3, '0')}-${'ü'.repeat(196)}`);
    const reports = await Promise.all([
      ...heavy.map((intents) => client.executeIntents(intents)),
      ...fill(24).map((intents, at) => client.executeIntents(intents, { requestId: long[at] ?? '' })),
      ...['"', '\\', "it's"].map((mark) =>
        client.executeIntents([persistState()], { requestId: `${mark}${randomUUID()}` }),
      ),
      client.executeIntents(Array.from({ length: 600 }, () => persistState())),
    ]);
    for (const { outcome, results } of reports) assert.equal(outcome, 'completed', results[0]?.error ?? '');
  });
});
