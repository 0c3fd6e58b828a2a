import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IntentsReport, StoreEffectClient } from '../../../src/client/index.js';
import { LARGEST_PAGE } from '../../../src/domain/values/limits.js';
import { until } from '../../../src/flow-control/until.js';
import { bridge, type BridgeRun } from '../../support/bridge.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { forgetWorkflows } from '../../support/forget-workflows.js';
import { persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

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
    bridgeHere(['execute', '-', ...args], environment.env, input);
  const list = (...intents: unknown[]) => ({ request_id: `cli-${randomUUID()}`, intents });
  const invalid = () => ({ ...persistState(), target: 'nowhere' });

  it('takes a JSON list from standard input and prints a report', async () => {
    const input = JSON.stringify([persistState(), publishEvent()]);
    const run = await bridge(['execute', '-', '--json'], environment.env, input);
    assert.equal(run.code, 0, run.stderr);
    const [report] = run.json() as IntentsReport[];
    assert.equal(report?.outcome, 'completed');
    assert.equal(report.results.length, 2);
  });

  it('takes a pretty-printed object from a file and prints a table', async () => {
    const file = join(directory, 'list.json');
    const request = list(persistState(), publishEvent());
    await writeFile(file, JSON.stringify(request, null, 2));
    const run = await bridgeHere(['execute', file], environment.env);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, new RegExp(`^${request.request_id}  completed  2 succeeded\n`));
    assert.match(run.stdout, /PersistState +succeeded +[\d.]+ +1 namespaces, 100 items/);
  });

  it('runs every list that can be, says of the others why, and exits with the worst of all', async () => {
    const good = [list(persistState()), list(publishEvent())];
    const partial = list(persistState(), invalid());
    const conflicting = { ...good[0]!, intents: [publishEvent()] };
    const given = [good[0], '{"intents": [', '', partial, { intents: 7 }, good[1]];
    const lines = given.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    const run = await execute(lines.join('\n'), '--json');
    assert.equal(run.code, 2, 'a broken line is more than a failed intent');
    assert.match(run.stderr, /^bridge: line 2: .*JSON/m);
    assert.match(run.stderr, /^bridge: line 5: intents: expected an array, got number 7$/m);
    const told = run.json() as { request_id: string | null; outcome: string; line?: number }[];
    const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
    assert.deepEqual(
      sorted(told.map(({ request_id, outcome, line = null }) => [request_id, outcome, line])),
      sorted([
        ...good.map(({ request_id }) => [request_id, 'completed', null]),
        [partial.request_id, 'partial', null],
        [null, 'refused', 2],
        [null, 'refused', 5],
      ]),
    );
    const again = await execute(JSON.stringify(conflicting), '--json');
    assert.deepEqual([again.code, (again.json()[0] as { request_id: string }).request_id], [2, good[0]!.request_id]);
  });

  it('exits with 1 when an intent failed, and says which', async () => {
    const run = await execute([list(persistState()), list(invalid())].map((item) => JSON.stringify(item)).join('\n'));
    assert.equal(run.code, 1);
    assert.match(run.stdout, /lists +2 +1 completed, 1 partial *\n/);
    assert.match(run.stdout, /target: expected "store_effect" for PersistState, got string "nowhere"/);
  });

  it('exits with 2 for wrong usage, a missing file, nothing at all, and a wrong environment, also without servers', async () => {
    const nowhere = { ...environment.env, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const runs = await Promise.all([
      bridgeHere(['execute'], nowhere),
      bridgeHere(['execute', join(directory, 'nowhere.json')], nowhere),
      bridgeHere(['execute', '-'], nowhere),
      bridgeHere(['list'], { ...nowhere, PG_POOL_MAX: 'many' }),
    ]);
    assert.deepEqual(
      runs.map(({ code }) => code),
      [2, 2, 2, 2],
    );
    assert.match(runs[1].stderr, /nowhere\.json: ENOENT/);
    assert.match(runs[2].stderr, /standard input: expected a list of intents, got nothing/);
    assert.match(runs[3].stderr, /PG_POOL_MAX: /);
    for (const { stderr } of runs) assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
  });

  it('exits with 3 when Temporal cannot be reached', async () => {
    const run = await bridge(['execute', '-'], { ...environment.env, TEMPORAL_ADDRESS: '127.0.0.1:1' }, '[]');
    assert.equal(run.code, 3);
    assert.match(run.stderr, /^bridge: Temporal: cannot be reached at 127\.0\.0\.1:1$/m);
  });

  it('shows an execution and lists the latest', async () => {
    const given = await Promise.all([
      environment.client.executeIntents([persistState()], { requestId: `cli-${randomUUID()}` }),
      environment.client.executeIntents([persistState(), invalid() as never], { requestId: `cli-${randomUUID()}` }),
    ]);
    const [good, partial] = given.map(({ request_id }) => request_id) as [string, string];
    // The visibility store answers `bridge list`, and it lags behind the executions.
    await until(20_000, async () => {
      const query = `TaskQueue = '${environment.config.TEMPORAL_TASK_QUEUE}' AND IntentOutcome = 'partial'`;
      const ids: string[] = [];
      for await (const { workflowId } of environment.temporal.workflow.list({ query })) ids.push(workflowId);
      assert.ok(ids.includes(partial));
    });
    const [well, status, unknown, listed, newest] = await Promise.all([
      bridgeHere(['status', good], environment.env),
      bridgeHere(['status', partial], environment.env),
      bridgeHere(['status', 'nobody'], environment.env),
      bridgeHere(['list', '--outcome', 'partial', '--json'], environment.env),
      bridgeHere(['list', '-n', '1'], environment.env),
    ]);
    assert.deepEqual([well.code, status.code, unknown.code], [0, 1, 2]);
    assert.match(status.stdout, /partial {2}1 succeeded, 1 failed/);
    assert.match(unknown.stderr, /^bridge: nobody: no execution, and no emitted list .* has this id\n$/);
    const found = listed.json() as { workflow_id: string; outcome: string; failed_intents: number }[];
    assert.ok(found.every(({ outcome }) => outcome === 'partial'));
    assert.equal(found.find(({ workflow_id }) => workflow_id === partial)?.failed_intents, 1);
    assert.equal(newest.stdout.match(/^ *cli-/gm)?.length, 1, newest.stdout);
  });

  it('lists how an execution ended that could not say so itself', async () => {
    // No worker polls this task queue, so that the executions stay as they were started: running.
    const env = { ...environment.env, TEMPORAL_TASK_QUEUE: `nobody-${randomUUID()}` };
    const client = new StoreEffectClient(environment.temporal, env.TEMPORAL_TASK_QUEUE);
    const ids = await Promise.all([0, 1].map(async () => (await client.start([persistState()])).workflowId));
    const [ended, running] = ids as [string, string];
    await environment.temporal.workflow.getHandle(ended).terminate('test');
    const wanted = new Map([
      [ended, 'terminated'],
      [running, 'running'],
    ]);
    try {
      // The visibility store answers `bridge list`, and it lags behind the executions.
      await until(20_000, async () => {
        const listed = (await bridgeHere(['list', '--json'], env)).json() as Record<string, unknown>[];
        assert.deepEqual(new Map(listed.map(({ workflow_id, outcome }) => [workflow_id, outcome])), wanted);
      });
    } finally {
      await environment.temporal.workflow.getHandle(running).terminate('test');
    }
  });

  it('shows what an execution did whose report could not hold it', async () => {
    // A page of states takes all that a result of usual size leaves of the report. The result of this PersistState is
    // larger, with a hundred long names.
    const namespaces = Array.from({ length: 100 }, (_, n) => String(n).padStart(255, 'n'));
    const aggregated_data = Object.fromEntries(namespaces.map((name) => [name, { total_stamps: 2 }]));
    const { rows } = await environment.pool.query<{ entity_id: string }>(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_data)
       SELECT gen_random_uuid(), 'workflow_execution', 'PENDING', 'x',
         jsonb_build_object('metadata', jsonb_build_object('filler', repeat('x', 10000)))
       FROM generate_series(1, 200) RETURNING entity_id`,
    );
    const report = await environment.client.executeIntents([persistState({ aggregated_data }), recoverFsmStates()]);
    assert.deepEqual([report.outcome, report.truncated], ['completed', true]);
    const shown = await bridgeHere(['status', report.request_id], environment.env);
    assert.match(shown.stdout, /PersistState +succeeded +[\d.]+ +100 namespaces, 200 items/);
    const [whole] = (await bridgeHere(['status', report.request_id, '--json'], environment.env)).json() as [
      IntentsReport,
    ];
    const [persisted] = whole.results;
    assert.ok(persisted?.intent_type === 'PersistState');
    assert.deepEqual(persisted.namespaces_persisted?.toSorted(), namespaces.toSorted());
    // These workflows are removed, because another test reads all states.
    await forgetWorkflows(
      environment.pool,
      rows.map(({ entity_id }) => entity_id),
    );
  });

  it('exits with 1 for one state that is left out, and for every dead letter named that stays', async () => {
    const workflow = randomUUID();
    await environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_data)
       VALUES ($1, 'workflow_execution', 'PENDING', 'x',
         jsonb_build_object('metadata', jsonb_build_object('namespace', 'n', 'big', repeat('x', $2))))`,
      [workflow, LARGEST_PAGE],
    );
    await environment.pool.query(
      `INSERT INTO dead_letters (event_id, topic, message_key, message_value, failure_reason, retry_attempts, copied_at)
       SELECT gen_random_uuid(), 't', 'k', '{}', 'test', 3, now() FROM generate_series(1, 3)`,
    );
    const { rows } = await environment.pool.query<{ id: string }>('SELECT id FROM dead_letters ORDER BY id');
    const [recover, listed, redrive] = await Promise.all([
      bridgeHere(['recover', '--json'], environment.env),
      bridgeHere(['dead-letters', 'redrive', '--dry-run', '--json'], environment.env),
      bridgeHere(['dead-letters', 'redrive', '--id', rows[1]!.id, rows[2]!.id], environment.env),
    ]);
    assert.equal(recover.code, 1, recover.stdout);
    assert.match(recover.stderr, /^bridge: 1 states are too large for any page and are left out$/m);
    assert.deepEqual([listed.code, listed.json().length], [0, 3]);
    assert.equal(redrive.code, 1);
    assert.equal(redrive.stdout, '0 sent, 0 refused again, 2 behind an open letter\n');
  });

  it('helps', async () => {
    const commands = [[], ['execute'], ['stack', 'up']];
    const runs = await Promise.all(commands.map((command) => bridgeHere([...command, '--help'], environment.env)));
    for (const run of runs) {
      assert.equal(run.code, 0);
      assert.match(run.stdout, /^Usage: bridge/);
      assert.match(run.stdout, /--json/);
    }
  });
});
