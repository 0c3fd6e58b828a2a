/**
 * In these tests a stranger's transaction has locked many rows, for longer than an outage may last. No list fails for
 * that, and no list with free rows waits (ADR 0031).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Intent } from '../../../src/client/index.js';
import type { SliceReport } from '../../../src/domain/intake/slice.js';
import { until } from '../../../src/flow-control/until.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistState } from '../../support/intents.js';
import { list } from './support.js';

const LISTS = 300;
const LOCKED = 180;
/** Seconds that an outage may last, and that the rows are locked. */
const BUDGET_S = 5;
const LOCKED_S = 20;

describe('rows that a stranger has locked', function () {
  this.timeout(120_000);
  let environment: Environment;
  let stranger: PoolClient;
  beforeEach(async () => {
    stranger = await environment.pool.connect();
    await stranger.query('BEGIN');
  });
  afterEach(() => stranger.release(true));

  const ids = (count: number): string[] => Array.from({ length: count }, () => randomUUID());
  const add = (aggregation_id: string): Intent => persistState({ aggregation_id });
  const lock = (bridges: readonly string[]) =>
    stranger.query('SELECT FROM bridge_states WHERE bridge_id = ANY ($1) FOR UPDATE', [bridges]);
  const totalOf = async (bridges: readonly string[]): Promise<number> => {
    const { rows } = await environment.pool.query<{ total: number }>(
      'SELECT sum(total_items_aggregated)::int AS total FROM bridge_states WHERE bridge_id = ANY ($1)',
      [bridges],
    );
    return rows[0]?.total ?? 0;
  };
  /** Returns for each activity of an execution how often it was attempted. */
  const attemptsOf = async (workflowId: string): Promise<number[]> => {
    const { events } = await environment.temporal.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => started?.attempt ?? []);
  };

  describe('under the default budget of an outage', () => {
    before(async () => {
      environment = await createEnvironment();
    });
    after(() => environment.close());

    it('delays no started list but those of the locked row, which ask from time to time', async () => {
      const [row] = ids(1) as [string];
      await environment.client.executeIntents([add(row)]);
      await lock([row]);
      const waiting = await Promise.all(
        Array.from({ length: 8 }, () => environment.client.start([add(row)], { share: 'never' })),
      );
      const others = await Promise.all(
        Array.from({ length: 30 }, () => environment.client.start([persistState()], { share: 'never' })),
      );
      for (const { workflowId } of others) {
        assert.equal((await environment.client.result(workflowId)).outcome, 'completed');
        assert.deepEqual([...new Set(await attemptsOf(workflowId))], [1]);
      }
      for (const { workflowId } of waiting) {
        const { status } = await environment.temporal.workflow.getHandle(workflowId).describe();
        assert.equal(status.name, 'RUNNING');
      }
      await stranger.query('ROLLBACK');
      for (const { workflowId } of waiting) {
        assert.equal((await environment.client.result(workflowId)).outcome, 'completed');
      }
      assert.equal(await totalOf([row]), 900);
    });
  });

  describe(`under a budget of ${BUDGET_S} s, for longer than that`, () => {
    before(async () => {
      environment = await createEnvironment({ env: { OUTAGE_BUDGET_SECONDS: String(BUDGET_S) } });
    });
    after(() => environment.close());

    it(`answers the ${LISTS - LOCKED} free lists of a slice, and the others when their rows are free`, async () => {
      const bridges = ids(LISTS);
      const lists = bridges.map((bridge) => list([add(bridge)]));
      await environment.client.executeIntents(bridges.map(add));
      await lock(bridges.slice(0, LOCKED));
      const lockedAt = performance.now();
      const outcomes = async () => {
        const { rows } = await environment.pool.query<{ event_id: string; outcome: string }>(
          `SELECT event_id, verdict ->> 'outcome' AS outcome FROM intake_verdicts`,
        );
        const known = new Map(rows.map(({ event_id, outcome }) => [event_id, outcome]));
        return lists.map(({ event_id }) => known.get(event_id) ?? 'parked');
      };
      const counts = async (): Promise<Record<string, number>> => {
        const found: Record<string, number> = {};
        for (const outcome of await outcomes()) found[outcome] = (found[outcome] ?? 0) + 1;
        return found;
      };

      const partition = `intake/locked.${randomUUID()}/0`;
      const report = await environment.temporal.workflow.execute<(given: unknown) => Promise<SliceReport>>(
        'ExecuteSliceWorkflow',
        { args: [{ lists }], taskQueue: environment.config.TEMPORAL_TASK_QUEUE, workflowId: partition },
      );
      assert.deepEqual([report.parked, report.counts], [LOCKED, { succeeded: LISTS - LOCKED }]);
      assert.deepEqual([...new Set(await attemptsOf(partition))], [1]);
      assert.deepEqual((await outcomes()).slice(LOCKED), Array(LISTS - LOCKED).fill('completed'));
      await sleep(LOCKED_S * 1_000 - (performance.now() - lockedAt));
      assert.deepEqual(await counts(), { completed: LISTS - LOCKED, parked: LOCKED });

      await stranger.query('ROLLBACK');
      await environment.temporal.workflow.getHandle(`${partition}/parked`).result();
      assert.deepEqual(await counts(), { completed: LISTS });
      assert.equal(await totalOf(bridges), 2 * LISTS * 100);
    });

    it('ends a started list when the outage budget is spent: what was free has its effect, the rest is fenced', async () => {
      const [row, free] = ids(2) as [string, string];
      await environment.client.executeIntents([add(row)]);
      await lock([row]);
      const { workflowId } = await environment.client.start([add(row), add(free)]);
      await until(8_000, async () => assert.equal(await totalOf([free]), 100));
      assert.equal((await environment.temporal.workflow.getHandle(workflowId).describe()).status.name, 'RUNNING');
      const { results } = await environment.client.result(workflowId);
      assert.deepEqual(
        results.map(({ status, error_code }) => [status, error_code]),
        [
          ['failed', 'DATABASE_ERROR'],
          ['succeeded', undefined],
        ],
      );
      await stranger.query('ROLLBACK');
      assert.equal(await totalOf([row]), 100);
    });
  });
});
