import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IntentsReport } from '../../src/client/index.js';
import { bridge, type BridgeRun } from '../support/bridge.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState, publishEvent } from '../support/intents.js';

describe('bridge execute', () => {
  let environment: Environment;
  let directory: string;
  before(async () => {
    environment = await createEnvironment();
    directory = await mkdtemp(join(tmpdir(), 'bridge-test-'));
  });
  after(async () => {
    await environment.close();
    await rm(directory, { recursive: true });
  });
  const execute = (input: string, ...args: string[]): Promise<BridgeRun> =>
    bridge(['execute', '-', ...args], environment.env, input);
  const list = (...intents: unknown[]) => ({ request_id: `cli-${randomUUID()}`, intents });

  it('takes a JSON list from standard input and prints a report', async () => {
    const run = await execute(JSON.stringify([persistState(), publishEvent()]), '--json');
    assert.equal(run.code, 0, run.stderr);
    const [report] = run.json() as IntentsReport[];
    assert.equal(report?.outcome, 'completed');
    assert.equal(report.results.length, 2);
  });

  it('takes a pretty-printed object from a file and prints a table', async () => {
    const file = join(directory, 'list.json');
    const request = list(persistState(), publishEvent());
    await writeFile(file, JSON.stringify(request, null, 2));
    const run = await bridge(['execute', file], environment.env);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, new RegExp(`^${request.request_id}  completed  2 succeeded\n`));
    assert.match(run.stdout, /PersistState +succeeded +[\d.]+ +1 namespaces, 100 items/);
  });

  it('takes NDJSON, names the line of what is broken, and runs the others', async () => {
    const good = [list(persistState()), list(publishEvent())];
    const lines = [JSON.stringify(good[0]), '{"intents": [', '', JSON.stringify(good[1]), '{"intents": 7}'];
    const run = await execute(lines.join('\n'), '--json');
    assert.equal(run.code, 2);
    assert.match(run.stderr, /^bridge: line 2: .*JSON/m);
    assert.match(run.stderr, /^bridge: line 5: intents: expected an array, got number$/m);
    const completed = run.json().filter((line) => Reflect.get(line as object, 'outcome') === 'completed');
    assert.deepEqual(
      new Set(completed.map((line): unknown => Reflect.get(line as object, 'request_id'))),
      new Set(good.map(({ request_id }) => request_id)),
    );
  });

  it('takes NDJSON whose first line is broken', async () => {
    const good = list(persistState());
    const run = await execute(['{"intents": [', JSON.stringify(good)].join('\n'), '--json');
    assert.equal(run.code, 2);
    assert.match(run.stderr, /^bridge: line 1: /m);
    assert.ok(run.stdout.includes(good.request_id));
  });

  it('exits with 1 when an intent failed, and says which', async () => {
    const bad = { ...persistState(), target: 'nowhere' };
    const run = await execute([list(persistState()), list(bad)].map((item) => JSON.stringify(item)).join('\n'));
    assert.equal(run.code, 1);
    assert.match(run.stdout, /lists +2 +1 completed, 1 partial *\n/);
    assert.match(run.stdout, /target: expected "store_effect" for PersistState, got string "nowhere"/);
  });

  it('refuses lists over the limits, naming the limit, before anything runs', async () => {
    const run = await execute(JSON.stringify(Array.from({ length: 2_001 }, () => publishEvent())));
    assert.equal(run.code, 2);
    assert.match(run.stderr, /the list holds 2001 intents, the limit is 2000/);
    const big = await execute(
      JSON.stringify(Array.from({ length: 60 }, () => publishEvent({ big: 'x'.repeat(30_000) }))),
    );
    assert.equal(big.code, 2);
    assert.match(big.stderr, /bytes of JSON, the limit is 1500000/);
  });

  it('exits with 2 for wrong usage, a missing file, nothing at all, and a wrong environment', async () => {
    const runs = await Promise.all([
      bridge(['execute'], environment.env),
      bridge(['execute', join(directory, 'nowhere.json')], environment.env),
      execute(''),
      execute('[]', '--concurrency', '0'),
      bridge(['list'], { ...environment.env, PG_POOL_MAX: 'many' }),
      bridge(['nonsense'], environment.env),
    ]);
    assert.deepEqual(
      runs.map(({ code }) => code),
      [2, 2, 2, 2, 2, 2],
    );
    assert.match(runs[1].stderr, /nowhere\.json: ENOENT/);
    assert.match(runs[2].stderr, /standard input: expected a list of intents, got nothing/);
    assert.match(runs[4].stderr, /PG_POOL_MAX: /);
    for (const { stderr } of runs) assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
  });

  it('exits with 3 when Temporal cannot be reached', async () => {
    const run = await bridge(['execute', '-'], { ...environment.env, TEMPORAL_ADDRESS: '127.0.0.1:1' }, '[]');
    assert.equal(run.code, 3);
    assert.match(run.stderr, /^bridge: Temporal: cannot be reached at 127\.0\.0\.1:1$/m);
  });

  it('says so when no worker takes the lists', async () => {
    const lonely = await createEnvironment({ worker: false });
    try {
      const running = bridge(['execute', '-'], lonely.env, JSON.stringify(list(persistState())));
      const deadline = Date.now() + 20_000;
      let executions = 0;
      while (executions === 0 && Date.now() < deadline) {
        executions = (await lonely.temporal.workflow.count(`TaskQueue = '${lonely.config.TEMPORAL_TASK_QUEUE}'`)).count;
      }
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      for await (const { workflowId } of lonely.temporal.workflow.list({
        query: `TaskQueue = '${lonely.config.TEMPORAL_TASK_QUEUE}'`,
      })) {
        await lonely.temporal.workflow.getHandle(workflowId).terminate('test');
      }
      const run = await running;
      assert.match(run.stderr, /no worker polls .*: run "bridge worker"/);
      assert.match(run.stderr, /terminated/i);
      assert.equal(run.code, 1);
    } finally {
      await lonely.close();
    }
  });

  it('shows an execution and lists the latest', async () => {
    const request = list(persistState(), { ...persistState(), target: 'nowhere' });
    await execute(JSON.stringify(request));
    const status = await bridge(['status', request.request_id], environment.env);
    assert.equal(status.code, 1);
    assert.match(status.stdout, /partial {2}1 succeeded, 1 failed/);
    const unknown = await bridge(['status', 'nobody'], environment.env);
    assert.deepEqual([unknown.code, unknown.stderr.trim()], [2, 'bridge: nobody: no such execution']);
    const listed = await bridge(['list', '--outcome', 'partial', '--json'], environment.env);
    const ours = listed.json().find((line) => Reflect.get(line as object, 'workflow_id') === request.request_id);
    assert.equal(Reflect.get(ours as object, 'failed_intents'), 1);
    assert.match((await bridge(['list'], environment.env)).stdout, new RegExp(request.request_id));
  });

  it('helps', async () => {
    const commands = [[], ['execute'], ['worker'], ['stack', 'up']];
    const runs = await Promise.all(commands.map((command) => bridge([...command, '--help'], environment.env)));
    for (const run of runs) {
      assert.equal(run.code, 0);
      assert.match(run.stdout, /^Usage: bridge/);
      assert.match(run.stdout, /--json/);
    }
  });
});
