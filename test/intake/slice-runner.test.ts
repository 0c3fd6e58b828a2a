/** These tests start slices on the real server, without a worker. They check whose run is open, and how it ended. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { loadConfig } from '../../src/config.js';
import { createSliceRunner } from '../../src/intake/slice-runner.js';
import type { SliceList } from '../../src/domain/intake/list.js';
import { persistState } from '../support/intents.js';

describe('intake: a slice at Temporal', () => {
  let connection: Connection;
  let client: Client;
  before(async () => {
    const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = loadConfig();
    connection = await Connection.connect({ address: address ?? '' });
    client = new Client({ connection, namespace });
  });
  after(() => connection.close());

  const list = (): SliceList => ({ event_id: randomUUID(), correlation_id: null, intents: [persistState()] });
  /** Makes a runner on a task queue that no worker polls. A slice that it starts runs until the test ends it. */
  function setUp() {
    const partition = `slice-runner.${randomUUID()}/0`;
    const runner = createSliceRunner(client, {
      taskQueue: `none-${randomUUID()}`,
      eager: () => false,
    });
    const terminate = (reason: string) => client.workflow.getHandle(`intake/${partition}`).terminate(reason);
    return { partition, runner, terminate };
  }

  it('is found again by its own messages, and by no others: those wait for its end', async () => {
    const { partition, runner, terminate } = setUp();
    const run = await runner.start(partition, [list()], 'of these messages');
    assert.ok(run !== null);
    try {
      assert.equal(await runner.start(partition, [list()], 'of other messages'), null);
      assert.equal(await runner.start(partition, [list()], 'of these messages'), run);
    } finally {
      await terminate('the test is over');
    }
    const next = await runner.start(partition, [list()], 'of other messages');
    assert.ok(next !== null && next !== run);
    await terminate('the test is over');
  });

  it('that somebody terminates has not completed, and says which run of it and why', async () => {
    const { partition, runner, terminate } = setUp();
    const run = await runner.start(partition, [list()], 'first');
    await terminate('by hand');
    const next = await runner.start(partition, [list()], 'second');
    const open = runner.ended(partition);
    const first = await runner.ended(partition, run ?? '');
    assert.equal(first.completed, false);
    assert.match(first.reason, /by hand/);
    await terminate('in the end');
    for (const end of [await open, await runner.ended(partition, next ?? '')]) {
      assert.match(end.completed ? '' : end.reason, /in the end/);
    }
  });
});
