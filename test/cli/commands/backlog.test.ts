/** These tests check what an operator sees of what waits, on the real servers. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistState } from '../../support/intents.js';
import { until } from '../../../src/flow-control/until.js';

interface Row {
  readonly what: string;
  readonly count: number;
  readonly oldest_seconds: number | null;
  readonly more?: string;
}

describe('bridge backlog', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ worker: false });
  });
  after(() => environment.close());

  const rows = async (): Promise<Row[]> => {
    const run = await bridgeHere(['backlog', '--json'], environment.env);
    assert.equal(run.code, 0, run.stderr);
    return run.json() as Row[];
  };
  const countsOf = (all: readonly Row[]) => Object.fromEntries(all.map(({ what, count }) => [what, count]));

  it('shows that nothing waits', async () => {
    assert.deepEqual(countsOf(await rows()), {
      'executions that run': 0,
      'tasks that no worker has taken': 0,
      'messages of the intake': 0,
      'dead letters': 0,
      'parked lists': 0,
    });
  });

  it('counts a list without a worker, emitted lists, and a letter with its age', async () => {
    const { workflowId } = await environment.client.start([persistState()]);
    const input = JSON.stringify({ intents: [persistState()] });
    for (const _ of [1, 2])
      await bridgeHere(['emit', '-'], environment.env, input.replace('}]}', `}],"request_id":"${randomUUID()}"}`));
    await environment.pool.query(
      `INSERT INTO dead_letters (event_id, topic, message_key, message_value, failure_reason, retry_attempts, created_at)
       VALUES ($1, 't', 'k', '{}', 'test', 3, now() - INTERVAL '2 hours')`,
      [randomUUID()],
    );
    // The server's estimates and its index of executions follow after a moment.
    await until(20_000, async () => {
      const all = await rows();
      assert.deepEqual(countsOf(all), {
        'executions that run': 1,
        'tasks that no worker has taken': 1,
        'messages of the intake': 2,
        'dead letters': 1,
        'parked lists': 0,
      });
      const [, , messages, letters] = all;
      assert.match(messages?.more ?? '', /^none is being taken from \d+ partitions?$/);
      const seconds = letters?.oldest_seconds ?? 0;
      assert.ok(seconds >= 7_200 && seconds < 7_300, String(seconds));
    });
    await environment.temporal.workflow.getHandle(workflowId).terminate();
    await environment.pool.query('DELETE FROM dead_letters');
  });

  it('shows the others when a server cannot be reached, and ends with 3', async () => {
    const away = {
      ...environment.env,
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      BRIDGE_STACK_DIR: join(tmpdir(), 'x'),
    };
    const run = await bridgeHere(['backlog', '--json'], away);
    assert.equal(run.code, 3);
    assert.match(run.stderr, /^bridge: PostgreSQL: cannot connect: .*ECONNREFUSED/);
    assert.equal((run.json() as Row[]).length, 3);
  });
});
