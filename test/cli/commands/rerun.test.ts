import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IntentsReport } from '../../../src/client/index.js';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistState, publishEvent } from '../../support/intents.js';
import { bridgeRows, overflowingState } from '../../workflows/execution/support.js';

describe('bridge rerun', function () {
  this.timeout(60_000);
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());
  const rerun = (id: string, ...args: string[]) => bridgeHere(['rerun', id, ...args], environment.env);
  const totalOf = async (bridgeId: string) =>
    String((await bridgeRows(environment, bridgeId))[0]?.['total_items_aggregated']);
  /** Makes room for what `overflowingState` adds. */
  const mend = (bridgeId: string) =>
    environment.pool.query('UPDATE bridge_states SET total_items_aggregated = 0 WHERE bridge_id = $1', [bridgeId]);

  for (const priority of [1, 5]) {
    it(`executes what is left of a started list, with priority ${priority} of what failed`, async () => {
      const requestId = `rerun-${randomUUID()}`;
      const [effect, bad] = [persistState({}, { priority: 9 }), await overflowingState(environment, priority)];
      const list = [effect, bad, publishEvent({}, { priority: 0 })];
      await environment.client.executeIntents(list, { requestId, correlationId: 'c-1' });
      const failed = await rerun(requestId, '--json');
      assert.equal(failed.code, 1, failed.stderr);
      await mend(bad.payload.aggregation_id);
      const { code, stdout, stderr } = await rerun(requestId);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^${requestId}  completed  3 succeeded\n`));
      for (const { payload } of [effect, bad]) assert.equal(await totalOf(payload.aggregation_id), '100');
      const again = await rerun(requestId);
      assert.deepEqual([again.code, again.stderr], [0, `bridge: ${requestId} has completed\n`]);
    });
  }

  it('executes what is left of an emitted list, in the order of its partition', async () => {
    const bad = await overflowingState(environment, 1);
    const effect = persistState();
    const emitted: SliceList = {
      event_id: randomUUID(),
      correlation_id: null,
      emitted_at: new Date(Date.now() + 3_600_000).toISOString(),
      intents: [effect, bad],
    };
    await environment.temporal.workflow.execute('ExecuteSliceWorkflow', {
      args: [{ lists: [emitted] }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `intake/rerun.${randomUUID()}/0`,
    });
    // The sender's clock is an hour ahead. It must not make the new run an old one.
    const partial = await rerun(emitted.event_id, '--json');
    assert.equal(partial.code, 1, partial.stderr);
    const [told] = partial.json() as (IntentsReport & { workflow_id: string })[];
    assert.deepEqual([told?.outcome, told?.counts], ['partial', { succeeded: 1, failed: 1 }]);
    assert.match(told!.workflow_id, /^intake\/rerun\..*\/0\/parked\/slice$/);
    await mend(bad.payload.aggregation_id);
    const { code, stdout, stderr } = await rerun(emitted.event_id.toUpperCase());
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^${emitted.event_id}  completed  2 succeeded\n`));
    for (const { payload } of [effect, bad]) assert.equal(await totalOf(payload.aggregation_id), '100');
    assert.equal((await environment.pool.query('SELECT FROM intake_parked')).rowCount, 0);
    const again = await rerun(emitted.event_id);
    assert.deepEqual([again.code, again.stderr], [0, `bridge: ${emitted.event_id} has completed\n`]);
  });

  it('says of an unknown id that there is no such list', async () => {
    const id = randomUUID();
    const unknown = await rerun(id);
    assert.deepEqual(
      [unknown.code, unknown.stderr],
      [2, `bridge: ${id}: neither an execution nor an answered list of the intake\n`],
    );
    const named = await rerun('nobody');
    assert.deepEqual([named.code, named.stderr], [2, 'bridge: nobody: no such execution\n']);
  });
});
