import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createGate, gatedIntent } from '../../support/gate.js';
import { builtinEffects } from '../../../activities/index.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistState } from '../../support/intents.js';
import { overflowingState } from '../../workflows/execution/support.js';
import { named, startLists } from '../../workflows/sharing/support.js';

describe('bridge status, list and rerun, of lists that share an execution', function () {
  this.timeout(60_000);
  const gate = createGate();
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ effects: [...builtinEffects, gate.effect] });
  });
  after(async () => {
    gate.open();
    await environment.close();
  });

  const run = (...args: string[]) => bridgeHere(args, environment.env);

  it('find each by its request id, while it runs and after its end', async () => {
    const held = gate.close();
    const [waits, done] = [named([gatedIntent(1), persistState({}, { priority: 0 })]), named([persistState()])];
    const shared = await startLists(environment, waits, done);
    await held;
    const [running] = (await run('status', waits.request_id, '--json')).json() as Record<string, unknown>[];
    assert.deepEqual([running?.['outcome'], running?.['shared_by']], ['running', shared.workflowId]);
    assert.deepEqual((running?.['progress'] as { total: number } | undefined)?.total, 2);
    const ended = await run('status', done.request_id);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /completed {2}1 succeeded/);
    gate.open();
    await shared.result();
    const shown = await run('status', waits.request_id);
    assert.equal(shown.code, 0, shown.stderr);
    assert.ok(shown.stdout.includes(`shared by ${shared.workflowId}`), shown.stdout);
  });

  it('are run again by their request id', async () => {
    const bad = await overflowingState(environment, 1);
    const [partial, completed] = [named([persistState(), bad]), named([persistState()])];
    await (await startLists(environment, partial, completed)).result();
    await environment.pool.query('UPDATE bridge_state_rows SET total_items_aggregated = 0 WHERE bridge_id = $1', [
      bad.payload.aggregation_id,
    ]);
    const again = await run('rerun', partial.request_id, '--json');
    assert.equal(again.code, 0, again.stderr);
    const [report] = again.json() as { workflow_id: string; results: { repeated?: true }[] }[];
    assert.equal(report?.workflow_id, partial.request_id);
    assert.deepEqual(
      report.results.map(({ repeated }) => repeated),
      [true, undefined],
    );
    const done = await run('rerun', completed.request_id);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /has completed/);
  });

  it('show the execution with the number of its lists, and by the request id of one', async () => {
    const lists = [named([persistState()]), named([persistState()])];
    const shared = await startLists(environment, ...lists);
    await shared.result();
    const ids = lists.map(({ request_id }) => request_id);
    const found = (await run('list', '--request-id', ids[1] ?? '', '--json')).json() as Record<string, unknown>[];
    assert.deepEqual(
      found.map(({ workflow_id, request_ids }) => [workflow_id, request_ids]),
      [[shared.workflowId, ids]],
    );
    assert.match((await run('list')).stdout, new RegExp(`${shared.workflowId}.* 2 lists`));
    assert.deepEqual((await run('list', '--request-id', randomUUID(), '--json')).json(), []);
  });
});
