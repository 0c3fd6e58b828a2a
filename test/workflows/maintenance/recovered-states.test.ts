/** These tests read states on demand: with the client's walk over all pages, and with `bridge recover`. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { ExecutionError, type RecoveredWorkflow, type RecoverOptions } from '../../../src/client/index.js';
import { RecoveredStatesWalk } from '../../../src/client/recovered-states.js';
import type { RecoveredStates } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { BRIDGE_MAIN } from '../../support/bridge.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistFsmTransition, persistState, recoverFsmStates } from '../../support/intents.js';

/** The number of states of 1,500 bytes that take three pages. */
const FEW = 4_000;
/** The number of states that are more than one page may have. */
const MANY = 12_000;
/** The line that `bridge recover` prints about a walk that its limit ended. */
const CUT = /^bridge: only the newest (50|100) states of \d+ were read, .*--all reads all\n$/;

describe('states on demand', () => {
  let environment: Environment;
  before(async function () {
    this.timeout(120_000);
    environment = await createEnvironment();
    await insert(FEW, 1_500);
  });
  after(() => environment.close());

  /** @param bytes is about the size of each state's metadata. */
  const insert = (count: number, bytes: number) =>
    environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_data, created_at)
       SELECT gen_random_uuid(), 'workflow_execution', 'PENDING',
         CASE n % 4 WHEN 0 THEN 'COMPLETED' WHEN 1 THEN 'WAITING' ELSE 'PROCESSING' END, 'x',
         jsonb_build_object('metadata', jsonb_build_object('namespace', 'ns' || n % 3, 'note', repeat('é ', $2 / 3))),
         now() - CASE n % 1000 WHEN 1 THEN INTERVAL '40 days' ELSE INTERVAL '0' END
       FROM generate_series(1, $1) n`,
      [count, bytes],
    );
  async function gather(options?: RecoverOptions): Promise<RecoveredWorkflow[]> {
    const states: RecoveredWorkflow[] = [];
    for await (const state of environment.client.recoverFsmStates(options)) states.push(state);
    return states;
  }

  it('keeps a page of states beside a result that no report has room for, which says that it is cut', async () => {
    const wideData: Record<string, { total_stamps: number }> = {};
    for (let n = 0; n < 300; n += 1) wideData[`namespace.${'x'.repeat(60)}.${n}`] = { total_stamps: 1 };
    const { outcome, results, truncated } = await environment.client.executeIntents([
      recoverFsmStates({ limit: 10_000 }),
      persistState({ aggregated_data: wideData }),
    ]);
    const [page, wide] = results as unknown as [RecoveredStates, { cut?: boolean; namespaces_persisted?: string[] }];
    assert.deepEqual([outcome, truncated], ['completed', true]);
    assert.ok(page.total_recovered > 500 && Object.keys(page.recovered_states).length === page.total_recovered);
    assert.equal(typeof page.next_cursor, 'string');
    assert.deepEqual([wide.cut, wide.namespaces_persisted], [true, undefined]);
  });

  it(`gives all of ${FEW} states, which no page holds, with their metadata`, async () => {
    const [page] = (await environment.client.executeIntents([recoverFsmStates({ limit: 10_000 })])).results;
    const first = page as unknown as RecoveredStates;
    assert.ok(first.total_recovered < FEW && Buffer.byteLength(JSON.stringify(first)) < 2_000_000);
    assert.deepEqual([first.truncated, typeof first.next_cursor], [true, 'string']);
    const walk = environment.client.recoverFsmStates();
    const seen = new Map<string, RecoveredWorkflow>();
    let given = 0;
    for await (const state of walk) {
      given += 1;
      seen.set(state.workflow_id, state);
    }
    assert.deepEqual([given, seen.size, walk.failed, walk.totalMatching, walk.truncated], [FEW, FEW, 0, FEW, false]);
    const { rows } = await environment.pool.query<{ workflow_id: string; current_state: string; metadata: unknown }>(
      'SELECT workflow_id, current_state, metadata FROM fsm_states',
    );
    for (const { workflow_id, ...row } of rows) {
      const { current_state, metadata } = seen.get(workflow_id)!;
      assert.deepEqual({ current_state, metadata }, row);
    }
  });

  it('narrows by state, namespace and limit', async () => {
    const waiting = await gather({ states: ['WAITING'], namespaces: ['ns1'] });
    assert.ok(waiting.length > 0);
    assert.ok(
      waiting.every(({ current_state, metadata }) => current_state === 'WAITING' && metadata['namespace'] === 'ns1'),
    );
    const { rows } = await environment.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM fsm_states WHERE current_state = 'WAITING' AND metadata ->> 'namespace' = 'ns1'`,
    );
    assert.equal(waiting.length, rows[0]?.count);
    assert.equal((await gather({ limit: 7 })).length, 7);
  });

  it('gives a workflow that moves while it waits for its page once, where it moved to', async () => {
    // The workflow is the last by id of those that are not among the newest, so it is on the last page. The stuck
    // workflows, which are WAITING, are left out, because they are counted below.
    const { rows } = await environment.pool.query<{ workflow_id: string; current_state: string }>(
      `SELECT workflow_id, current_state FROM fsm_states WHERE sequence <= $1 AND current_state <> 'WAITING'
       ORDER BY workflow_id DESC LIMIT 1`,
      [FEW / 2],
    );
    const { workflow_id, current_state } = rows[0]!;
    const states: RecoveredWorkflow[] = [];
    for await (const state of environment.client.recoverFsmStates()) {
      if (states.length === 0) {
        const record = {
          from_state: current_state,
          to_state: 'MOVED',
          trigger: 'moved',
          timestamp: new Date().toISOString(),
        };
        await environment.client.executeIntents([
          persistFsmTransition({
            workflow_id,
            previous_state: current_state,
            current_state: 'MOVED',
            transition_count: 2,
            transition_record: record,
          }),
        ]);
      }
      states.push(state);
    }
    assert.deepEqual([states.length, new Set(states.map((state) => state.workflow_id)).size], [FEW, FEW]);
    const moved = states.filter((state) => state.workflow_id === workflow_id);
    assert.deepEqual(
      moved.map((state) => state.current_state),
      ['MOVED'],
    );
  });

  it('stops when its reader does: it has read one page ahead, and reads no other', async () => {
    const pages: Promise<unknown>[] = [];
    const walk = new RecoveredStatesWalk((intents, options) => {
      const page = environment.client.executeIntents(intents, options);
      pages.push(page);
      return page;
    }, {});
    let given = 0;
    for await (const { workflow_id } of walk) {
      assert.ok(workflow_id);
      given += 1;
      if (given === 2) break;
    }
    // The walk asks for another page, if at all, when a page has come.
    await Promise.all(pages);
    await setImmediate();
    assert.deepEqual([given, pages.length, walk.truncated], [2, 2, true]);
  });

  it('says which page failed', async () => {
    await assert.rejects(gather({ states: [] }), (error: unknown) => {
      assert.ok(error instanceof ExecutionError);
      assert.match(error.message, /^page 1 of the states: payload\.states: expected at least 1 items, got array/);
      return true;
    });
  });

  it('bridge recover: counts by state, the stuck ones first', async () => {
    const run = await bridgeHere(['recover', '--all'], environment.env);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^Stuck: 4 not ended and without a transition for 24 h\n/);
    assert.match(run.stdout, /WAITING +\d{4}-\d\d-\d\dT\S+ +40 d +1 +ns\d/);
    assert.match(run.stdout, /state +workflows +stuck/);
    assert.match(run.stdout, /WAITING +(999|1000) +4/);
    assert.match(run.stdout, /4000 workflows\n$/);
    const part = await bridgeHere(
      ['recover', '--limit', '50', '--state', 'COMPLETED', '--since', '30d'],
      environment.env,
    );
    assert.match(part.stdout, /^Stuck: none, among the newest 50; --all looks at all\n\n state[^]*COMPLETED +50\s/);
    assert.match(part.stdout, /\s50 workflows of (999|1000)\n$/);
    assert.match(part.stderr, CUT);
    const none = await bridgeHere(['recover', '--state', 'NOWHERE'], environment.env);
    assert.deepEqual([none.code, none.stdout], [0, 'no states\n']);
  });

  it('bridge recover --json, and --ndjson: a state a line', async () => {
    const [report] = (await bridgeHere(['recover', '--json', '--limit', '100'], environment.env)).json() as [
      RecoveredStates,
    ];
    assert.deepEqual([report.total_recovered, report.truncated], [100, true]);
    assert.equal(Object.keys(report.recovered_states).length, 100);
    const cut = await bridgeHere(['recover', '--ndjson', '--limit', '100'], environment.env);
    assert.deepEqual([cut.code, cut.json().length], [0, 100]);
    assert.match(cut.stderr, CUT);
    const run = await bridgeHere(['recover', '--all', '--ndjson', '--namespace', 'ns1', 'ns2'], environment.env);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    const states = run.json() as RecoveredWorkflow[];
    const { rows } = await environment.pool.query<{ id: string }>(
      `SELECT workflow_id AS id FROM fsm_states WHERE metadata ->> 'namespace' IN ('ns1', 'ns2') ORDER BY 1`,
    );
    assert.deepEqual(
      states.map(({ workflow_id }) => workflow_id).sort(),
      rows.map(({ id }) => id),
    );
  });

  it('bridge recover --ndjson | head: its reader leaves, and it ends well and without a word', async () => {
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'recover', '--all', '--ndjson'], { env: environment.env });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = (await once(child, 'close')) as [number | null];
    assert.deepEqual([code, stderr], [0, '']);
  });

  for (const [args, message] of [
    [['--since', 'yesterday'], /--since.*expected 30m, 12h or 7d \(ago\), or a time such as/],
    [['--limit', '0'], /--limit.*expected a whole number from 1/],
    [['--ndjson', '--json'], /--ndjson: expected without --json/],
  ] as const) {
    it(`bridge recover ${args.join(' ')} is refused`, async () => {
      const run = await bridgeHere(['recover', ...args], environment.env);
      assert.equal(run.code, 2);
      assert.match(run.stderr, message);
    });
  }

  it(`gives all of ${MANY} states`, async () => {
    await insert(MANY - FEW, 20);
    const seen = new Set<string>();
    let given = 0;
    for await (const { workflow_id } of environment.client.recoverFsmStates()) {
      given += 1;
      seen.add(workflow_id);
    }
    assert.deepEqual([given, seen.size], [MANY, MANY]);
  }).timeout(300_000);
});
