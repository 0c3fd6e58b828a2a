/**
 * This test sends real input with known answers through the intake, with every envelope emitted twice. The worker is
 * killed in the middle of lists. A second worker joins the consumer group and leaves it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../src/flow-control/until.js';
import { bridge } from '../support/bridge.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEventsByConsole } from '../support/events.js';
import { type ExpectedHistory, itemsOf, sortedRows, type StateRow } from '../support/history.js';
import { startWorkerBehind } from './support/installation.js';
import { sumOfDifferences } from './support/audit.js';
import { writeMeasured } from './support/reliability.js';
import { type Servers, startServers } from './support/servers.js';
import type { WorkerProcess } from './support/worker-process.js';

const KILLS = 5;

interface Expected extends ExpectedHistory {
  readonly latest_state_counts: Readonly<Record<string, number>>;
}

describe('the intake, under kills and rebalances', function () {
  this.timeout(20 * 60_000);
  let servers: Servers;
  let environment: Environment;
  let worker: WorkerProcess;
  before(async () => {
    servers = await startServers(1);
    environment = await createEnvironment({
      worker: false,
      except: { once: 'under faults an event is promised at least once' },
    });
    worker = await startWorkerBehind(environment, servers.routes[0]!, {}, ['--intake']);
  });
  after(async () => {
    await (worker as WorkerProcess | undefined)?.kill();
    try {
      await (environment as Environment | undefined)?.close();
    } finally {
      await (servers as Servers | undefined)?.stop();
    }
  });

  const count = async (query: string): Promise<number> =>
    (await environment.pool.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${query}`)).rows[0]?.count ??
    0;
  const effects = () => count('executed_intents');
  const verdicts = () => count('intake_verdicts');
  const emit = async (lines: readonly string[]): Promise<void> => {
    const run = await bridge(['emit', '-'], environment.env, lines.join('\n'));
    assert.equal(run.code, 0, run.stderr);
  };
  /** Waits until some intents have had their effect, because a kill is to meet lists that are not answered yet. */
  const midway = async (before: number): Promise<void> => {
    const since = Date.now();
    while ((await effects()) <= before) {
      if (Date.now() - since > 120_000) throw new Error('nothing was carried out for 120 s');
      await sleep(5);
    }
  };

  /** Returns what the worker's /ready says of its intake. */
  const intakeOf = async (process: WorkerProcess | undefined): Promise<string> => {
    const ready = await fetch(`http://127.0.0.1:${process?.port ?? 0}/ready`);
    const { checks } = (await ready.json()) as { checks: { intake: { detail: string } } };
    return checks.intake.detail;
  };

  it('leaves exactly the expected rows, states and events, and answers each list', async () => {
    const data = (name: string): URL => new URL(`../data/kafka-client-history.${name}`, import.meta.url);
    const expected = JSON.parse(await readFile(data('expected.json'), 'utf8')) as Expected;
    const history = (await readFile(data('ndjson'), 'utf8')).trim();
    const lines = history.replaceAll('"request_id":"', `"request_id":"${randomUUID()}-`).split('\n');
    assert.equal(lines.length, expected.lists);

    let cutOff = 0;
    let second: WorkerProcess | undefined;
    const share = Math.ceil(lines.length / KILLS);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const part = lines.slice(kill * share, (kill + 1) * share);
      const before = await effects();
      await emit([...part, ...part]);
      await midway(before);
      await worker.kill();
      if ((await verdicts()) < (kill + 1) * share && (await verdicts()) < lines.length) cutOff += 1;
      // The second worker has the group to itself while the first is down, shares it, and leaves again.
      if (kill === 1) second = await startWorkerBehind(environment, servers.routes[0]!, {}, ['--intake']);
      await worker.start();
      if (kill === 3) {
        await until(60_000, async () => {
          assert.match(await intakeOf(second), /^[1-9]\d* partitions$/);
        });
        assert.equal(await second?.terminate(), 0);
      }
    }
    const completed = `intake_verdicts WHERE verdict ->> 'outcome' = 'completed'`;
    await until(240_000, async () => {
      assert.equal(await count(completed), expected.lists);
    });
    // These lists come behind everything else of their partitions. When they are answered, nothing is left to come.
    const last = Array.from({ length: 20 }, () => JSON.stringify({ request_id: randomUUID(), intents: [] }));
    await emit(last);
    await until(120_000, async () => {
      assert.equal(await verdicts(), expected.lists + last.length);
    });

    const { pool } = environment;
    const states = await pool.query<StateRow>(
      `SELECT bridge_id, namespace, total_workflows_processed::int, total_items_aggregated::int FROM bridge_states`,
    );
    const latest = await pool.query<{ state: string; count: number }>(
      'SELECT current_state AS state, count(*)::int AS count FROM fsm_states GROUP BY 1',
    );
    const transitions = await count('fsm_transitions');
    const published = await readEventsByConsole(environment, [
      'AGGREGATION_STARTED',
      'BATCH_PROCESSED',
      'AGGREGATION_COMPLETED',
    ]);
    const derived = await readEventsByConsole(environment, ['STATE_PERSISTED', 'FSM_STATE_TRANSITIONED']);
    const answers = (await readEventsByConsole(environment, ['INTENT_RESULT'])).filter(
      ({ envelope }) => (envelope.payload as { results: unknown[] }).results.length > 0,
    );
    const ids = (events: typeof published): number => new Set(events.map(({ envelope }) => envelope.event_id)).size;
    const differences = [
      itemsOf(states.rows) - itemsOf(expected.rows),
      transitions - expected.fsm_transitions_rows,
      ids(published) - expected.published_events,
      ids(derived) - (expected.lists + expected.fsm_transitions_rows),
      ids(answers) - expected.lists,
    ];
    const all = [...published, ...derived, ...answers];
    await writeMeasured('intake', [
      {
        fault: 'worker with intake killed (kill -9), started again; a second one joins and leaves',
        point: `midway in a list, ${cutOff} times before it was answered; every envelope emitted twice`,
        lists: expected.lists,
        intents: expected.intents,
        faults: KILLS + 1,
        ...sumOfDifferences(differences),
        deadLetters: await count('dead_letters'),
        repeatedEvents: all.length - ids(all),
      },
    ]);
    assert.deepEqual(sortedRows(states.rows), sortedRows(expected.rows));
    assert.deepEqual(
      Object.fromEntries(latest.rows.map(({ state, count: rows }) => [state, rows])),
      expected.latest_state_counts,
    );
    assert.deepEqual(differences, [0, 0, 0, 0, 0]);
    // Each copy of an answer has the same text.
    const said = new Map<string, string>();
    for (const { envelope } of answers) {
      const text = JSON.stringify(envelope.payload);
      assert.equal(said.get(envelope.event_id) ?? text, text);
      said.set(envelope.event_id, text);
    }
    assert.ok(cutOff > 0, 'no kill met a list that was under way');
  });
});
