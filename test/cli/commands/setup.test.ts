import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { withPool } from '../../../src/cli/database.js';
import { setup } from '../../../src/cli/commands/setup.js';
import { createRolloutStore } from '../../../src/postgres/rollout/rollout-store.js';
import { until } from '../../../src/flow-control/until.js';
import { bridge, BRIDGE_MAIN } from '../../support/bridge.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { dropDatabase, newName } from '../../support/template-database.js';

describe('variables that begin like a setting', () => {
  it('are named once by a command', async () => {
    const { stderr } = await bridge(['stack', 'status'], { ...process.env, TEMPORAL_TSL: 'true' });
    assert.equal(
      stderr.split('TEMPORAL_TSL is not read: the setting with the nearest name is TEMPORAL_TLS').length,
      2,
      stderr,
    );
  });
});

describe('bridge setup, doctor, stack, worker, demo', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ worker: false });
  });
  after(() => environment.close());

  it('sets up a new database, namespace and prefix, and nothing the second time', async () => {
    const name = `t${randomUUID().slice(0, 8)}`;
    const url = new URL(environment.endpoints.postgres.url);
    const database = newName();
    url.pathname = `/${database}`;
    const env = { ...environment.env, DATABASE_URL: url.href, TEMPORAL_NAMESPACE: name, KAFKA_TOPIC_PREFIX: name };
    const before = await bridgeHere(['doctor', '--json'], env);
    assert.notEqual(before.code, 0);
    const [first] = (await bridge(['setup', '--json'], env)).json() as Record<string, unknown>[];
    assert.equal(first?.['namespace_created'], true);
    assert.equal((first['topics'] as string[]).length, 28);
    assert.deepEqual(first['search_attributes'], [
      'IntentOutcome',
      'IntentTypes',
      'FailedIntents',
      'CorrelationId',
      'UnannouncedEffects',
      'RequestIds',
    ]);
    assert.ok((first['migrations'] as string[]).length >= 8);
    const again = await bridgeHere(['setup', '--cut-over'], env);
    assert.equal(again.code, 0, again.stderr);
    assert.match(
      again.stdout,
      /PostgreSQL {2}up to date\nKafka {7}up to date\nTemporal {4}up to date\nSchedules {3}up to date\nCut-over {4}0 legacy rows moved/,
    );
    await dropDatabase(database);
  });

  it('sets the share of ENABLE_INTENT_PUBLISHER once, and neither over a person’s nor over a rollback', async () => {
    await withPool(environment.endpoints.postgres, async (pool) => {
      const store = createRolloutStore(pool);
      const again = async () => {
        await setup({ ...environment.config, ENABLE_INTENT_PUBLISHER: 10 }, environment.endpoints);
        const { percent, latched, revision } = await store.state();
        return { percent, latched, revision };
      };
      assert.deepEqual(await again(), { percent: 10, latched: false, revision: 1 });
      await store.set(50, 'half', 'a person');
      assert.deepEqual(await again(), { percent: 50, latched: false, revision: 2 });
      await store.rollBack(2, 'errors', 'a router');
      assert.deepEqual(await again(), { percent: 0, latched: true, revision: 3 });
    });
  });

  it('finds what is missing, and says what to do', async () => {
    const run = await bridgeHere(['doctor'], environment.env);
    assert.equal(run.code, 1);
    assert.match(run.stdout, /ok +PostgreSQL migrations/);
    assert.match(
      run.stdout,
      new RegExp(`FAIL +workers +no worker polls ${environment.config.TEMPORAL_TASK_QUEUE}; run "bridge worker"`),
    );
    const bare = await bridgeHere(['doctor'], {
      ...environment.env,
      KAFKA_TOPIC_PREFIX: `none${randomUUID().slice(0, 8)}`,
    });
    assert.match(bare.stdout, /FAIL +Kafka topics +14 missing .*; run "bridge setup"/);
    const down = await bridgeHere(['doctor', '--json'], {
      ...environment.env,
      DATABASE_URL: 'postgres://postgres@127.0.0.1:1/x',
    });
    assert.equal(down.code, 3);
  });

  it('compares the current states with the history, and repairs them', async () => {
    await environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event)
       SELECT gen_random_uuid(), 'workflow_execution', NULL, 'PENDING', 'x' FROM generate_series(1, 3)`,
    );
    const states = async (...options: string[]) => {
      const run = await bridgeHere(['doctor', '--check-states', ...options], environment.env);
      return { ...run, line: /^ *(ok|warn|FAIL) +FSM states(.*)$/m.exec(run.stdout) };
    };
    assert.equal((await states()).line?.[1], 'ok');
    await environment.pool.query(
      `UPDATE fsm_states SET current_state = 'WRONG' WHERE workflow_id = (SELECT min(workflow_id::text)::uuid FROM fsm_states)`,
    );
    const found = await states();
    assert.equal(found.code, 1);
    assert.match(
      found.line?.[0] ?? '',
      /FAIL +FSM states +3 compared: 0 missing, 1 differ, 0 without a history; run "bridge/,
    );
    assert.match(
      found.stdout,
      /differs\n {2}stored {4}WRONG after nothing, epoch 1, count 1, at .*\n {2}expected {2}PENDING after/,
    );
    assert.match((await states('--fix')).line?.[0] ?? '', /warn +FSM states .* 1 repaired/);
    assert.equal((await states()).line?.[1], 'ok');
    // A state without a history can be repaired by nobody but a person. The check has to report it.
    const orphan = randomUUID();
    await environment.pool.query(
      `INSERT INTO fsm_states SELECT (jsonb_populate_record(s, jsonb_build_object('workflow_id', $1::text, 'sequence', 0))).*
       FROM fsm_states s LIMIT 1`,
      [orphan],
    );
    const orphaned = await states();
    assert.match(orphaned.line?.[0] ?? '', /FAIL +FSM states +4 compared: 0 missing, 0 differ, 1 without a history/);
    assert.match(orphaned.stdout, new RegExp(orphan));
    const kept = /FAIL +FSM states +4 compared.* 0 repaired; those without a history/;
    assert.match((await states('--fix')).stdout, kept);
    await environment.pool.query('DELETE FROM fsm_states WHERE workflow_id = $1', [orphan]);
    const wrong = await bridgeHere(['doctor', '--fix'], environment.env);
    assert.deepEqual([wrong.code, wrong.stderr], [2, 'bridge: --fix: expected together with --check-states\n']);
  });

  it('shows the stack’s addresses', async () => {
    // A server that is busy with other tests may answer its probe late.
    const run = await until(30_000, async () => {
      const shown = await bridgeHere(['stack', 'status', '--json'], environment.env);
      assert.equal(shown.code, 0, shown.stderr);
      return shown;
    });
    const [status] = run.json() as [
      { temporal: { address: string; namespace: string }; postgres: { url: string }; kafka: { brokers: string[] } },
    ];
    assert.equal(status.temporal.address, environment.endpoints.temporal.address);
    assert.equal(status.temporal.namespace, environment.endpoints.temporal.namespace);
    assert.equal(status.postgres.url, environment.endpoints.postgres.url);
    assert.deepEqual(status.kafka.brokers, environment.endpoints.kafka.brokers);
    await until(30_000, async () => {
      assert.match((await bridgeHere(['stack', 'status'], environment.env)).stdout, /temporal +given/);
    });
    // `bridge stack` neither starts nor stops servers that are given.
    assert.match((await bridge(['stack', 'up'], environment.env)).stdout, /^Temporal +127\.0\.0\.1:/m);
    assert.equal((await bridgeHere(['stack', 'down'], environment.env)).code, 0);
    await until(30_000, async () => assert.equal((await bridgeHere(['stack', 'status'], environment.env)).code, 0));
  });

  it('shows a given server that cannot be reached, and exits with 3', async () => {
    const run = await bridgeHere(['stack', 'status'], {
      ...environment.env,
      DATABASE_URL: 'postgres://postgres@127.0.0.1:1/x',
    });
    assert.match(run.stdout, /postgres +unreachable +postgres:\/\/postgres@127\.0\.0\.1:1\/x/);
    assert.equal(run.code, 3);
  });

  it('runs a worker until SIGTERM, which ends it well', async () => {
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'worker', '--json'], { env: environment.env });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { port, task_queue } = JSON.parse(line) as { port: number; task_queue: string };
    assert.equal(task_queue, environment.config.TEMPORAL_TASK_QUEUE);
    assert.equal((await fetch(`http://127.0.0.1:${port}/ready`)).status, 200);
    assert.equal((await bridgeHere(['doctor'], environment.env)).code, 0);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  it('shows everything in one command', async () => {
    const run = await bridge(['demo'], environment.env);
    assert.equal(run.code, 0, run.stderr);
    for (const part of [
      /demo-[0-9a-f]{8} {2}completed {2}7 succeeded/,
      /shop\.orders +2 +120 +COMPLETED/,
      /0f8fad5b-d9cb-469f-a165-70867728950e +COMPLETED +PROCESSING +2/,
      new RegExp(`${environment.config.KAFKA_TOPIC_PREFIX}\\.reducer\\.events\\.state_persisted +5b0c7c1e`),
    ]) {
      assert.match(run.stdout, part);
    }
  });
});
