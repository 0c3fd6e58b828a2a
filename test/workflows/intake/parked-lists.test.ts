/**
 * These tests lock rows. A locked row stops the lists of its key and no others, and they go on in their order when it
 * is free (ADR 0009).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { SLICE_INTENTS, type SliceReport } from '../../../src/domain/intake/slice.js';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { listHash } from '../../../src/domain/values/ids.js';
import { until } from '../../../src/flow-control/until.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';

const list = (...intents: unknown[]): SliceList => ({ event_id: randomUUID(), correlation_id: null, intents });

describe('parked lists', function () {
  this.timeout(120_000);
  let environment: Environment;
  let holder: PoolClient;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());
  beforeEach(async () => {
    holder = await environment.pool.connect();
    await holder.query('BEGIN');
  });
  afterEach(() => {
    holder.release(true);
  });

  const partition = () => `intake/parked.${randomUUID()}/0`;
  const execute = (workflowId: string, lists: readonly SliceList[]): Promise<SliceReport> =>
    environment.temporal.workflow.execute<(given: unknown) => Promise<SliceReport>>('ExecuteSliceWorkflow', {
      args: [{ lists }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId,
    });
  const answered = async (lists: readonly SliceList[]): Promise<number[]> => {
    const { rows } = await environment.pool.query<{ event_id: string }>('SELECT event_id FROM intake_verdicts');
    const ids = new Set(rows.map(({ event_id }) => event_id));
    return [...lists.keys()].filter((number) => ids.has(lists[number]!.event_id));
  };
  const free = async (workflowId: string, lists: readonly SliceList[]) => {
    await holder.query('ROLLBACK');
    await environment.temporal.workflow.getHandle(`${workflowId}/parked`).result();
    assert.deepEqual(await answered(lists), [...lists.keys()]);
    assert.equal((await environment.pool.query('SELECT FROM intake_parked')).rowCount, 0);
  };

  it('waits with the lists of a locked row and with those behind them, across slices, and answers the others', async () => {
    const held = persistState();
    const key = randomUUID();
    const state = () => persistState({ aggregation_id: held.payload.aggregation_id });
    const event = (batch_size: number) =>
      publishEvent({ event_type: 'BATCH_PROCESSED', partition_key: key, batch_size }, { priority: 0 });
    const at = partition();
    await execute(at, [list(held)]);
    await holder.query('UPDATE bridge_state_rows SET updated_at = now() WHERE bridge_id = $1', [
      held.payload.aggregation_id,
    ]);

    // Lists 2 and 5 are behind lists 0 and 4 because of the events, not because of the row.
    const first = [list(state(), event(1)), list(persistState()), list(event(2)), list(persistState())];
    const second = [list(state(), persistState()), list(event(3)), list(persistState())];
    const started = performance.now();
    const report = await execute(at, first);
    assert.ok(performance.now() - started < 30_000, `${performance.now() - started} ms`);
    assert.deepEqual([report.lists, report.parked, report.counts], [4, 2, { succeeded: 2 }]);
    assert.deepEqual(await answered(first), [1, 3]);
    assert.equal((await execute(at, second)).parked, 2);
    assert.deepEqual(await answered(second), [2]);
    // A parked list that is delivered once more stays where it is in the order.
    assert.equal((await execute(at, [first[2]!])).parked, 1);
    // The execution of the parked lists has ended at least one round.
    await until(20_000, async () => {
      const { historyLength } = await environment.temporal.workflow.getHandle(`${at}/parked`).describe();
      assert.ok(historyLength > 15);
    });
    assert.deepEqual(await answered([...first, ...second]), [1, 3, 6]);

    await free(at, [...first, ...second]);
    const { rows } = await environment.pool.query<{ total: string }>(
      'SELECT sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = $1',
      [held.payload.aggregation_id],
    );
    assert.equal(rows[0]?.total, '300');
    const events = (await readEvents(environment, ['BATCH_PROCESSED'])).filter((read) => read.key === key);
    assert.deepEqual(
      events.map(({ envelope }) => (envelope.payload as { batch_size: number }).batch_size),
      [1, 2, 3],
    );
  });

  it('keeps the transitions of a locked workflow in order', async () => {
    const workflow_id = randomUUID();
    const step = (n: number) =>
      persistFsmTransition({ workflow_id, previous_state: `S${n - 1}`, current_state: `S${n}`, transition_count: n });
    const at = partition();
    await execute(at, [list(step(1))]);
    await holder.query('SELECT FROM fsm_states WHERE workflow_id = $1 FOR UPDATE', [workflow_id]);
    const lists = [list(step(2), step(3)), list(step(4)), list(persistFsmTransition()), list(step(5))];
    assert.equal((await execute(at, lists)).parked, 3);
    const later = [list(step(6)), list(persistFsmTransition())];
    assert.equal((await execute(at, later)).parked, 1);
    assert.deepEqual(await answered([...lists, ...later]), [2, 5]);
    await free(at, [...lists, ...later]);
    const { rows } = await environment.pool.query<{ to_state: string }>(
      'SELECT to_state FROM fsm_transitions WHERE entity_id = $1 ORDER BY sequence',
      [workflow_id],
    );
    assert.deepEqual(
      rows.map(({ to_state }) => to_state),
      ['S1', 'S2', 'S3', 'S4', 'S5', 'S6'],
    );
  });

  it('parks the list that an event id belongs to, and answers another one beside it at once', async () => {
    const locked = persistState();
    const at = partition();
    await execute(at, [list(locked)]);
    await holder.query('SELECT FROM bridge_state_rows WHERE bridge_id = $1 FOR UPDATE', [
      locked.payload.aggregation_id,
    ]);
    const waiting = list(persistState({ aggregation_id: locked.payload.aggregation_id }));
    const other = { ...list(persistState()), event_id: waiting.event_id, correlation_id: 'other', offset: '7' };
    const { invalid, ...report } = await execute(at, [waiting, other, waiting]);
    assert.deepEqual(report, { lists: 3, repeated: 1, parked: 1, intents: 0, counts: {} });
    assert.deepEqual(
      invalid?.map(({ list: number }) => number),
      [1],
    );
    // The two answers may be on two partitions, which have no order among each other.
    const answers = async () =>
      (await readEvents(environment, ['INTENT_RESULT']))
        .filter(({ envelope }) => envelope.causation_id === waiting.event_id)
        .map(({ envelope: { correlation_id, payload } }) => [correlation_id, payload['outcome'], payload['conflict']])
        .sort(([a], [b]) => String(a).localeCompare(String(b)));
    const list_hash = listHash(other.intents);
    const conflict = ['other', 'failed', { list_hash, partition: at, offset: '7' }];
    assert.deepEqual(await answers(), [conflict]);
    assert.deepEqual(await answered([waiting]), []);
    await free(at, [waiting]);
    assert.deepEqual(await answers(), [[waiting.event_id, 'completed', undefined], conflict]);
  });

  it('answers a list of other keys beside a backlog of more than two pages, and the backlog when its row is free', async () => {
    const held = persistState();
    const { aggregation_id } = held.payload;
    const at = partition();
    await execute(at, [list(held)]);
    await holder.query('UPDATE bridge_state_rows SET updated_at = now() WHERE bridge_id = $1', [aggregation_id]);
    const backlog = Array.from({ length: 2 * SLICE_INTENTS + 1 }, () => list(persistState({ aggregation_id })));
    for (const slice of [backlog.slice(0, SLICE_INTENTS), backlog.slice(SLICE_INTENTS)]) {
      assert.equal((await execute(at, slice)).parked, slice.length);
    }
    const { parked, counts } = await execute(at, [list(persistState())]);
    assert.deepEqual([parked, counts], [0, { succeeded: 1 }]);
    await free(at, backlog);
    const { rows } = await environment.pool.query<{ total: string }>(
      'SELECT sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = $1',
      [aggregation_id],
    );
    assert.equal(rows[0]?.total, String(100 * (backlog.length + 1)));
  });

  it('refuses to run for anything but a partition', async () => {
    for (const args of [[], [7], [null], ['']]) {
      const handle = await environment.temporal.workflow.start('ExecuteParkedListsWorkflow', {
        args,
        taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: `parked-${randomUUID()}`,
      });
      await assert.rejects(handle.result(), (error: Error) => String(error.cause).includes('input: expected'));
    }
  });
});
