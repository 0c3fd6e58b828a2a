/** These tests check what commands say while no worker polls the task queue, and what becomes of their lists. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { lastPollOf } from '../../../src/temporal/inspect.js';
import { until } from '../../../src/flow-control/until.js';
import { createLogger } from '../../../src/log.js';
import { startWorker } from '../../../src/worker/run.js';
import { bridge, BRIDGE_MAIN } from '../../support/bridge.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistState } from '../../support/intents.js';

describe('a command whose task queue no worker polls', () => {
  let environment: Environment;
  let queue: string;
  let worker: Awaited<ReturnType<typeof startWorker>> | undefined;
  const children: ChildProcess[] = [];
  const lists: string[] = [];
  before(async () => {
    environment = await createEnvironment({ worker: false });
    queue = environment.config.TEMPORAL_TASK_QUEUE;
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  after(async () => {
    await worker?.shutdown();
    await environment.close();
  });

  const start = async () => {
    const { config, workerEndpoints: endpoints } = environment;
    worker = await startWorker({ config, endpoints, logger: createLogger('silent') });
  };
  const stop = async () => {
    await worker?.shutdown();
    worker = undefined;
  };
  const list = () => {
    const request = { request_id: `no-worker-${randomUUID()}`, intents: [persistState()] };
    lists.push(request.request_id);
    return request;
  };
  const namespaces = async () => {
    const { rows } = await environment.pool.query<{ count: string }>('SELECT count(*) FROM bridge_states');
    return Number(rows[0]?.count);
  };

  /** Runs a command that waits. */
  function run(args: readonly string[], ...requests: unknown[]) {
    const child = spawn(process.execPath, [BRIDGE_MAIN, ...args], { env: environment.env });
    children.push(child);
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (text) => (said.stdout += String(text)));
    child.stderr.on('data', (text) => (said.stderr += String(text)));
    child.stdin.end(requests.map((request) => JSON.stringify(request)).join('\n'));
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const says = (pattern: RegExp) =>
      until(20_000, () => {
        assert.match(said.stderr, pattern);
        return Promise.resolve();
      });
    return { child, said, ended, says };
  }

  it('says so at once, and has the report when a worker has come', async () => {
    const request = list();
    const { said, ended, says } = run(['execute', '-'], request);
    await says(/Ctrl-C/);
    assert.equal(
      said.stderr,
      `bridge: no worker polls ${queue}\n  queued meanwhile: ${request.request_id}\n` +
        '  run "bridge worker"; Ctrl-C ends the wait, not the list\n',
    );
    await start();
    assert.deepEqual(await ended, [0, null], said.stderr);
    assert.match(said.stdout, new RegExp(`^${request.request_id}  completed  1 succeeded\n`));
    assert.equal(await namespaces(), 1);
    await stop();
  });

  it('says so of a worker that went a moment ago; Ctrl-C says what goes on and what was not started', async () => {
    await start();
    await until(10_000, async () => {
      const { connection, options } = environment.temporal;
      assert.notEqual(await lastPollOf(connection, options.namespace, queue), null);
    });
    await stop();
    const requests = [list(), list(), list()];
    const { child, said, ended, says } = run(['execute', '-', '--concurrency', '2'], ...requests);
    await says(/no worker polls \S+ \(last poll \d+ s ago\)\n {2}queued meanwhile: \S+ and 1 more\n/);
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null]);
    const [first, second, third] = requests.map(({ request_id }) => request_id);
    assert.match(said.stderr, /bridge: stopped waiting; 2 lists go on, 1 list not started; look with\n/);
    assert.deepEqual(
      said.stderr.split('look with\n')[1]?.trim().split(/\n */).sort(),
      [`bridge status ${first}`, `bridge status ${second}`].sort(),
    );
    lists.splice(lists.indexOf(third!), 1);
    const began = performance.now();
    const status = await bridge(['status', first!], environment.env);
    assert.equal(status.code, 0);
    assert.match(status.stdout, /running since/);
    assert.ok(performance.now() - began < 15_000, 'a query would wait for a worker for 30 s');
  });

  it('names the list that reads a page of states, which Ctrl-C leaves running', async () => {
    const { child, said, ended, says } = run(['recover']);
    await says(/queued meanwhile: recover-\S+-1\n/);
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null]);
    const [, id] = /bridge: stopped waiting; the list goes on; look with\n {2}bridge status (recover-\S+)\n$/.exec(
      said.stderr,
    ) ?? [undefined, ''];
    lists.push(id);
    assert.equal((await environment.temporal.workflow.getHandle(id).describe()).status.name, 'RUNNING');
  });

  it('says so of a list that is to be executed again', async () => {
    const request = list();
    await environment.client.startRequest(request);
    const { child, said, ended, says } = run(['rerun', request.request_id]);
    await says(/Ctrl-C/);
    assert.match(
      said.stderr,
      new RegExp(`^bridge: ${request.request_id} is running\nbridge: no worker polls ${queue} `),
    );
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null]);
  });

  it('can start lists and leave them, with --detach', async () => {
    const requests = [list(), list()];
    const ids = requests.map(({ request_id }) => request_id);
    const input = ['{"intents": 7}', ...requests.map((request) => JSON.stringify(request))].join('\n');
    const started = await bridgeHere(['execute', '-', '--detach'], environment.env, input);
    assert.equal(started.code, 2, 'a line holds no list');
    assert.deepEqual(started.stdout.trim().split('\n').sort(), ids.toSorted());
    assert.match(started.stderr, /^bridge: line 1: intents: expected an array, got number 7$/m);
    assert.match(started.stderr, /^bridge: look with "bridge status ID"$/m);
    const again = await bridgeHere(['execute', '-', '-d', '--json'], environment.env, JSON.stringify(requests[0]));
    assert.equal(again.code, 0);
    assert.deepEqual(again.json(), [{ request_id: ids[0], workflow_id: ids[0], started: false }]);
    assert.match(again.stderr, new RegExp(`^bridge: ${ids[0]} was started before$`, 'm'));
    const recover = await bridgeHere(['recover', '--detach', '--state', 'PENDING'], environment.env);
    assert.match(recover.stdout, /^recover-\S+-1\n$/);
    lists.push(recover.stdout.trim());
    assert.equal(recover.stderr, `bridge: look with "bridge status ${recover.stdout.trim()}"\n`);
    assert.equal((await bridgeHere(['recover', '--detach', '--ndjson'], environment.env)).code, 2);
  });

  it('is not taken for one that a worker polls 70 s after the last poll, by doctor', async () => {
    const doctor = async (): Promise<unknown> =>
      (await bridgeHere(['doctor', '--json'], environment.env))
        .json()
        .find((found) => (found as { check: string }).check === 'workers');
    assert.deepEqual(await doctor(), { check: 'workers', ok: true, detail: '' });
    const now = Date.now.bind(Date);
    Date.now = () => now() + 70_000;
    try {
      const { ok, detail } = (await doctor()) as { ok: boolean; detail: string };
      assert.equal(ok, false);
      assert.match(detail, new RegExp(`^no worker polls ${queue} \\(last poll \\d+ s ago\\); run "bridge worker"$`));
    } finally {
      Date.now = now;
    }
  });

  it('loses no list: a worker that comes executes each, once', async () => {
    await start();
    const reports = await Promise.all(lists.map((id) => environment.client.result(id)));
    assert.deepEqual(new Set(reports.map(({ outcome }) => outcome)), new Set(['completed']));
    assert.equal(await namespaces(), lists.filter((id) => id.startsWith('no-worker')).length);
  });
});
