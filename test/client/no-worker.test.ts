/** These tests check the client where no worker takes its lists, and where the environment says whom to ask. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { NoWorkerError, StoreEffectClient } from '../../src/client/index.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState } from '../support/intents.js';

describe('a client that connects by the environment', () => {
  let environment: Environment;
  const clients: StoreEffectClient[] = [];
  before(async () => {
    environment = await createEnvironment();
  });
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
  after(() => environment.close());

  const connect = async (
    env: NodeJS.ProcessEnv,
    options?: Parameters<typeof StoreEffectClient.connect>[0],
  ): Promise<StoreEffectClient> => {
    const own = process.env;
    process.env = { ...own, ...env };
    try {
      const client = await StoreEffectClient.connect(options);
      clients.push(client);
      return client;
    } finally {
      process.env = own;
    }
  };
  const ours = () => {
    const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TASK_QUEUE } = environment.config;
    return { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TASK_QUEUE };
  };

  it('executes lists there', async () => {
    const client = await connect({ ...ours(), PG_POOL_MAX: 'none of the business of a client' });
    const { outcome, workflow_id } = await client.executeIntents([persistState()]);
    assert.equal(outcome, 'completed');
    const { taskQueue } = await environment.temporal.workflow.getHandle(workflow_id).describe();
    assert.equal(taskQueue, environment.config.TEMPORAL_TASK_QUEUE);
  });

  it('asks the Temporal namespace of the environment, and the options come first', async () => {
    const nowhere = { ...ours(), TEMPORAL_NAMESPACE: 'nowhere', TEMPORAL_TASK_QUEUE: 'nobody' };
    await assert.rejects((await connect(nowhere)).start([persistState()]), (error: Error) => {
      assert.match(`${error.message} ${String(error.cause)}`, /nowhere/);
      return true;
    });
    const client = await connect(nowhere, {
      namespace: environment.config.TEMPORAL_NAMESPACE,
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
    });
    assert.equal((await client.executeIntents([persistState()])).outcome, 'completed');
    await assert.rejects(connect({ ...ours(), TEMPORAL_ADDRESS: '127.0.0.1:1' }));
  });

  it('says that no worker takes a list, which stays queued and may be waited for again', async () => {
    const queue = `nobody-${randomUUID()}`;
    const client = await connect({ ...ours(), TEMPORAL_TASK_QUEUE: queue }, { workerTimeoutMs: 2_000 });
    const requestId = `no-worker-${randomUUID()}`;
    const began = performance.now();
    await assert.rejects(client.executeIntents([persistState()], { requestId }), (error: Error) => {
      assert.ok(error instanceof NoWorkerError);
      assert.deepEqual([error.workflowId, error.taskQueue], [requestId, queue]);
      return true;
    });
    const ms = performance.now() - began;
    assert.ok(ms >= 2_000 && ms < 10_000, `${ms} ms`);
    await assert.rejects(client.result(requestId), NoWorkerError);
    const handle = environment.temporal.workflow.getHandle(requestId);
    assert.equal((await handle.describe()).status.name, 'RUNNING');
    await handle.terminate('test');
    await assert.rejects(client.result(requestId), { name: 'ExecutionError' });
  });
});
