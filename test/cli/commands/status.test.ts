import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistState } from '../../support/intents.js';
import { list } from '../../workflows/intake/support.js';

/** An id that would widen a query to everything, if it ended the literal that it stands in. */
const hostile = () => `it's ${randomUUID()}' OR WorkflowId != 'x`;

describe('bridge status', function () {
  this.timeout(60_000);
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ env: { TEMPORAL_TASK_QUEUE: hostile() } });
  });
  after(() => environment.close());

  const status = (...args: string[]) => bridgeHere(['status', ...args], environment.env);
  const execute = (type: string, workflowId: string, ...args: unknown[]): Promise<unknown> =>
    environment.temporal.workflow.execute(type, {
      args,
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId,
    });
  const slice = (...lists: ReturnType<typeof list>[]) => {
    const workflowId = `intake/status.${randomUUID()}/0`;
    return execute('ExecuteSliceWorkflow', workflowId, { lists }).then(() => workflowId);
  };

  it('shows a list whose id has quotation marks, and the list of its queue shows no other', async () => {
    const requestId = hostile();
    await environment.client.executeIntents([persistState()], { requestId });
    const shown = await status(requestId);
    assert.equal(shown.code, 0, shown.stderr);
    assert.ok(shown.stdout.startsWith(`${requestId}  completed  1 succeeded\n`), shown.stdout);
    const listed = await bridgeHere(['list', '--json'], environment.env);
    assert.equal(listed.code, 0, listed.stderr);
    assert.ok((listed.json() as { workflow_id: string }[]).some(({ workflow_id }) => workflow_id === requestId));
    const other = { ...environment.env, TEMPORAL_TASK_QUEUE: `${randomUUID()}' OR TaskQueue != '` };
    const none = await bridgeHere(['list', '--json'], other);
    assert.deepEqual([none.code, none.json()], [0, []]);
  });

  for (const [type, args, field] of [
    ['ExecuteSliceWorkflow', [{ lists: [] }], /^ lists +0 *$/m],
    ['RecoverFsmStatesWorkflow', [], /^ emitted +0 *$/m],
    ['RedriveDeadLettersWorkflow', [{}], /^ redriven +0 *$/m],
    ['SweepExecutionsWorkflow', [], /^ swept +0 *$/m],
    ['PruneLedgerWorkflow', [], /^ deleted +0 *$/m],
  ] as const) {
    it(`shows the result of ${type}`, async () => {
      const id = `status-${randomUUID()}`;
      await execute(type, id, ...args);
      const { code, stdout, stderr } = await status(id);
      assert.equal(code, 0, stderr);
      assert.ok(stdout.startsWith(`${id}  ${type} completed\n`), stdout);
      assert.match(stdout, field);
      const [record] = (await status(id, '--json')).json() as {
        workflow_type: string;
        outcome: string;
        result: object;
      }[];
      assert.deepEqual([record?.workflow_type, record?.outcome, typeof record?.result], [type, 'completed', 'object']);
    });
  }

  it('says why another execution has failed', async () => {
    const id = `status-${randomUUID()}`;
    await assert.rejects(execute('ExecuteSliceWorkflow', id, { lists: 'all' }));
    const { code, stdout } = await status(id);
    assert.equal(code, 1);
    assert.match(
      stdout,
      new RegExp(`^${id}  ExecuteSliceWorkflow failed\\n.*lists: expected an array, got string "all"`),
    );
  });

  it('finds an emitted list by its event id, in any case, and by its request id', async () => {
    const requestId = hostile();
    const lists = [list([persistState()], { request_id: requestId }), list([persistState()]), list(['no intent'])];
    const executedBy = await slice(...lists);
    for (const id of [requestId, lists[0]!.event_id, lists[0]!.event_id.toUpperCase()]) {
      const { code, stdout, stderr } = await status(id);
      assert.equal(code, 0, stderr);
      assert.ok(stdout.startsWith(`${requestId}  completed  1 succeeded\n`), stdout);
      assert.ok(stdout.includes(`\nevent ${lists[0]!.event_id}, executed by ${executedBy}\n`), stdout);
    }
    const invalid = await status(lists[2]!.event_id);
    assert.equal(invalid.code, 1);
    assert.match(invalid.stdout, /intent: expected an object, got string "no intent"/);
  });

  it('names the other lists of a request id that was emitted again', async () => {
    const requestId = randomUUID();
    const [first, second] = [list([], { request_id: requestId }), list([], { request_id: requestId })];
    await slice(first);
    await slice(second);
    const { stdout } = await status(requestId);
    assert.ok(stdout.includes(`\nevent ${second.event_id}, executed by `), stdout);
    assert.ok(stdout.endsWith(`1 more with this request id: ${first.event_id}\n`), stdout);
  });

  it('says of a parked list that it waits', async () => {
    const held = persistState();
    await slice(list([held]));
    const holder = await environment.pool.connect();
    const [byEvent, byRequest] = [list([held]), list([held], { request_id: randomUUID() })];
    try {
      await holder.query('BEGIN');
      const bridgeId = held.payload.aggregation_id;
      await holder.query('SELECT FROM bridge_state_rows WHERE bridge_id = $1 FOR UPDATE', [bridgeId]);
      const at = await slice(byEvent, byRequest);
      for (const [id, { event_id }] of [
        [byEvent.event_id, byEvent],
        [byRequest.request_id ?? '', byRequest],
      ] as const) {
        const { code, stdout, stderr } = await status(id);
        assert.equal(code, 0, stderr);
        assert.ok(stdout.startsWith(`${event_id}  parked since 2`), stdout);
        assert.ok(stdout.includes(`\nIt waits for a locked row, or behind a list that does, in ${at}.\n`), stdout);
      }
      await holder.query('ROLLBACK');
      await environment.temporal.workflow.getHandle(`${at}/parked`).result();
    } finally {
      holder.release(true);
    }
    assert.match((await status(byEvent.event_id)).stdout, /completed/);
  });

  for (const id of ['', '  ']) {
    it(`refuses ${JSON.stringify(id)}`, async () => {
      const { code, stderr } = await status(id);
      const expected = 'bridge: id: expected a request id, an event id or a workflow id, got nothing\n';
      assert.deepEqual([code, stderr], [2, expected]);
    });
  }

  for (const id of [randomUUID(), hostile(), '"\\', 'x'.repeat(5_000)]) {
    it(`says that nothing has the id ${id.slice(0, 20)}`, async () => {
      const { code, stderr } = await status(id);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /: no execution, and no emitted list that is answered or parked, has this id\n$/);
    });
  }
});
