/** These tests run workers without keys, which meet what others have encrypted. Nothing may be lost for it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { StoreEffectClient } from '../../src/client/index.js';
import { until } from '../../src/flow-control/until.js';
import { createLogger } from '../../src/log.js';
import { startWorker } from '../../src/worker/run.js';
import { BRIDGE_MAIN } from '../support/bridge.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState, publishEvent } from '../support/intents.js';
import { temporalCli } from '../support/temporal-cli.js';
import { bridgeRows } from '../workflows/execution/support.js';
import { keyLine, type KeysFolder, makeKeysFile } from './support.js';

const MISSING = 'Temporal: a payload is encrypted with the key "a", and PAYLOAD_KEYS_FILE is not set';

describe('missing keys of payloads', function () {
  this.timeout(120_000);
  let keys: KeysFolder;
  let environment: Environment;
  before(async () => {
    keys = await makeKeysFile(keyLine('a'));
    const failed = 'a worker without keys fails workflow tasks';
    environment = await createEnvironment({
      worker: false,
      env: { PAYLOAD_KEYS_FILE: keys.path },
      except: { tasks: failed, replay: failed },
    });
  });
  after(async () => {
    await environment.close();
    await keys.remove();
  });

  const workerWith = (PAYLOAD_KEYS_FILE: string | undefined) => {
    const { config, endpoints } = environment;
    return startWorker({ config: { ...config, PAYLOAD_KEYS_FILE }, endpoints, logger: createLogger('silent') });
  };
  /** Waits for a workflow task that failed, and returns the sentence that it failed with. */
  const taskFailure = (workflowId: string) =>
    until(20_000, async () => {
      const { events } = await environment.temporal.workflow.getHandle(workflowId).fetchHistory();
      const failures = (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: one }) => one?.failure ?? []);
      assert.ok(failures.length > 0, 'a workflow task has failed');
      return failures[0]?.message;
    });
  const statusOf = async (workflowId: string) =>
    (await environment.temporal.workflow.getHandle(workflowId).describe()).status.name;

  it('fail the workflow tasks of a list and of a slice with a sentence, until a worker has the keys', async () => {
    const { client, config, temporal } = environment;
    const [requestId, partition] = [randomUUID(), `intake/missing.${randomUUID()}/0`];
    const [started, emitted] = [persistState(), persistState()];
    await client.start([started, publishEvent()], { requestId });
    const list = { event_id: randomUUID(), correlation_id: null, intents: [emitted] };
    const slice = await temporal.workflow.start('ExecuteSliceWorkflow', {
      args: [{ lists: [list] }],
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      workflowId: partition,
    });
    const without = await workerWith(undefined);
    try {
      assert.equal(await taskFailure(requestId), MISSING);
      assert.equal(await taskFailure(partition), MISSING);
      assert.deepEqual([await statusOf(requestId), await statusOf(partition)], ['RUNNING', 'RUNNING']);
    } finally {
      await without.shutdown();
    }
    const having = await workerWith(keys.path);
    try {
      assert.equal((await client.result(requestId)).outcome, 'completed');
      await slice.result();
    } finally {
      await having.shutdown();
    }
    for (const { payload } of [started, emitted]) {
      assert.equal((await bridgeRows(environment, payload.aggregation_id)).length, 1);
    }
  });

  it('lose nothing to a worker without keys beside one that has them', async () => {
    const without = await workerWith(undefined);
    const having = await workerWith(keys.path);
    try {
      const lists = Array.from({ length: 6 }, () => [persistState({}, { priority: 5 }), publishEvent()]);
      const reports = await Promise.all(lists.map((list) => environment.client.executeIntents(list)));
      assert.deepEqual([...new Set(reports.map(({ outcome }) => outcome))], ['completed']);
      for (const [state] of lists) {
        const { payload } = state as ReturnType<typeof persistState>;
        assert.equal((await bridgeRows(environment, payload.aggregation_id)).length, 1);
      }
    } finally {
      await Promise.all([without.shutdown(), having.shutdown()]);
    }
  });

  it('are no matter for payloads of before there were keys', async () => {
    const { config, endpoints } = environment;
    const { address, namespace } = endpoints.temporal;
    const plain = await StoreEffectClient.connect({ address, namespace, taskQueue: config.TEMPORAL_TASK_QUEUE });
    const requestId = randomUUID();
    const having = await workerWith(keys.path);
    try {
      await plain.start([persistState()], { requestId });
      assert.equal((await environment.client.result(requestId)).outcome, 'completed');
      await assert.rejects(plain.result(requestId), { name: 'EffectError', message: MISSING });
      process.env['PAYLOAD_KEYS_FILE'] = keys.path;
      const reading = await StoreEffectClient.connect({ address, namespace, taskQueue: config.TEMPORAL_TASK_QUEUE });
      assert.equal((await reading.result(requestId)).outcome, 'completed');
      await reading.close();
    } finally {
      delete process.env['PAYLOAD_KEYS_FILE'];
      await plain.close();
      await having.shutdown();
    }
  });

  it("are made up for by the codec server, which Temporal's command line asks", async () => {
    const requestId = randomUUID();
    const having = await workerWith(keys.path);
    try {
      await environment.client.executeIntents([persistState()], { requestId });
    } finally {
      await having.shutdown();
    }
    const show = (...args: string[]) =>
      temporalCli(environment, 'workflow', 'show', '-w', requestId, '--detailed', ...args);
    assert.doesNotMatch(await show(), /test\.namespace/);
    const args = ['codec-server', '--port', '0', '--json'];
    const env = { ...environment.env, CODEC_SERVER_TOKEN: 'word' };
    const server = spawn(process.execPath, [BRIDGE_MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(server, 'exit');
    try {
      const [line] = (await once(server.stdout, 'data')) as [Buffer];
      const { port, host } = JSON.parse(line.toString()) as { port: number; host: string };
      assert.equal(host, '127.0.0.1');
      const asking = ['--codec-endpoint', `http://127.0.0.1:${port}`, '--codec-auth', 'Bearer word'];
      assert.match(await show(...asking), /aggregated_data\.test\.namespace\.total_stamps: 100/);
    } finally {
      server.kill('SIGTERM');
    }
    assert.deepEqual(await exited, [0, null]);
  });
});
