/** These tests check the prune of FSM states on the servers: its schedule, its report and its metrics. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setup as setupServers } from '../../../src/cli/commands/setup.js';
import { loadConfig } from '../../../src/config.js';
import type { FsmPruneReport } from '../../../src/domain/recovery/retention.js';
import { until } from '../../../src/flow-control/until.js';
import { createEnvironment, type Environment } from '../../support/environment.js';

const DAY_MS = 86_400_000;

describe('PruneFsmStatesWorkflow', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ env: { FSM_RETENTION_DAYS: '30' } });
  });
  after(async () => {
    await setup('0');
    await environment.close();
  });
  beforeEach(() => environment.pool.query('TRUNCATE fsm_states, fsm_transitions'));

  const setup = async (days: string) =>
    (await setupServers(loadConfig({ ...environment.env, FSM_RETENTION_DAYS: days }), environment.endpoints)).schedules;
  const ended = (daysAgo: number) =>
    environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, created_at)
       SELECT $1, 'workflow_execution', state, 'x', now() - $2 * INTERVAL '1 day' FROM unnest('{A,COMPLETED}'::text[]) state`,
      [randomUUID(), daysAgo],
    );
  const stateCount = async () =>
    Number((await environment.pool.query<{ count: string }>('SELECT count(*) FROM fsm_states')).rows[0]?.count);
  const prune = (...args: unknown[]): Promise<FsmPruneReport> =>
    environment.temporal.workflow.execute('PruneFsmStatesWorkflow', {
      args,
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `prune-fsm-${randomUUID()}`,
    });

  it('prunes by a schedule that setup keeps', async () => {
    const id = `prune-fsm-states-${environment.config.TEMPORAL_TASK_QUEUE}`;
    const handle = environment.temporal.schedule.getHandle(id);
    assert.deepEqual((await handle.describe()).spec.intervals?.[0]?.every, DAY_MS);
    await ended(40);
    await ended(2);
    await handle.trigger();
    await until(20_000, async () => assert.equal(await stateCount(), 1));
    assert.deepEqual(await setup('0'), []);
    await assert.rejects(handle.describe(), /not found/);
    assert.deepEqual(await setup('30'), [id]);
  });

  it('reports what it deleted, is in the metrics, and takes half a request', async () => {
    await ended(40);
    await ended(31);
    await ended(1);
    const response = await fetch(`http://127.0.0.1:${environment.worker?.httpPort ?? 0}/metrics`);
    const body = await response.text();
    const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1]);
    assert.ok(Math.abs(value('fsm_prune_lag_seconds') - 10 * 86_400) < 60);
    assert.ok(value('fsm_bytes') > 8_192);
    assert.ok(value('fsm_rows') >= 0);
    const report = await prune(null);
    assert.deepEqual([report.states_deleted, report.transitions_deleted], [2, 4]);
    assert.ok(Math.abs(Date.now() - 30 * DAY_MS - Date.parse(report.pruned_before ?? '')) < 60_000);
    for (const request of [{ before: null }, { after: null }]) assert.equal((await prune(request)).states_deleted, 0);
    assert.equal(await stateCount(), 1);
  });

  it('names the field of a prune that cannot be', async () => {
    await assert.rejects(prune({ before: 'yesterday', after: null }), (error: { cause?: { cause?: Error } }) =>
      (error.cause?.cause?.message ?? '').startsWith('before: '),
    );
  });
});
