/**
 * This test executes real input with known answers, 16 lists side by side. Meanwhile the worker is killed and started
 * again every few seconds.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import pLimit from 'p-limit';
import { StoreEffectClient } from '../../src/client/index.js';
import type { RequestInput } from '../../src/domain/execution/request.js';
import { readEventsByConsole } from '../support/events.js';
import { type ExpectedHistory, itemsOf, sortedRows, type StateRow } from '../support/history.js';
import { type Installation, useInstallation } from './support/installation.js';
import { writeMeasured } from './support/reliability.js';

const SIDE_BY_SIDE = 16;
/**
 * Milliseconds that a worker lives, from the moment it polls. It works through some tens of lists a second, so a kill
 * has to come soon to meet any.
 */
const ALIVE_MS = { least: 300, most: 2_500 };

/** The most kills. Every kill meets all lists that share, and the batch of each is missed for 20 s. */
const MOST_KILLS = { never: Infinity, auto: 8 };

interface Latest {
  readonly current_state: string;
  readonly previous_state: string | null;
  readonly transition_count: number;
}
interface Expected extends ExpectedHistory {
  readonly latest: Readonly<Record<string, Latest>>;
}

for (const share of ['never', 'auto'] as const) {
  describe(`a worker that is killed again and again, share ${share}`, () => {
    const used = useInstallation();

    it('leaves exactly the expected totals of a history of files', async () => {
      const data = (name: string): URL => new URL(`../data/${name}`, import.meta.url);
      const expected = JSON.parse(await readFile(data('kafka-client-files.expected.json'), 'utf8')) as Expected;
      const lines = gunzipSync(await readFile(data('kafka-client-files.ndjson.gz')))
        .toString()
        .trim()
        .split('\n');
      const requests = lines.map((line) => JSON.parse(line) as RequestInput);
      assert.equal(requests.length, expected.lists);

      const { pool, temporal, config } = used.installation.environment;
      const client = new StoreEffectClient(temporal, config.TEMPORAL_TASK_QUEUE, undefined, temporal, undefined, share);
      const limit = pLimit(SIDE_BY_SIDE);
      let open = requests.length;
      const executions = requests.map((request) =>
        limit(async () => {
          const { workflowId } = await client.startRequest(request);
          const report = await client.result(workflowId);
          open -= 1;
          return report;
        }),
      );
      const reports = Promise.all(executions);
      // The reports are observed below, and a rejection must not end the process before that.
      reports.catch(() => (open = 0));
      let kills = 0;
      while (open > 0 && kills < MOST_KILLS[share]) {
        await sleep(ALIVE_MS.least + Math.random() * (ALIVE_MS.most - ALIVE_MS.least));
        await used.installation.worker.kill();
        kills += 1;
        await used.installation.worker.start();
      }
      const done = await reports;
      assert.deepEqual([...new Set(done.map(({ outcome }) => outcome))], ['completed']);
      const cutOff = await attemptsCutOff(used.installation, [...new Set(done.map(({ workflow_id }) => workflow_id))]);

      const states = await pool.query<StateRow>(
        `SELECT bridge_id, namespace, total_workflows_processed::int, total_items_aggregated::int FROM bridge_states`,
      );
      const transitions = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM fsm_transitions');
      const latest = await pool.query<Latest & { workflow_id: string }>(
        'SELECT workflow_id, current_state, previous_state, transition_count::int FROM fsm_states',
      );
      const ledger = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM executed_intents');
      const letters = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM dead_letters');
      const intents = requests.flatMap(({ intents }) => intents) as { intent_id?: string | null }[];
      const named = intents.flatMap(({ intent_id }) => intent_id ?? []);
      const distinct = new Set(named).size + (intents.length - named.length);

      const published = await readEventsByConsole(used.installation.environment, [
        'AGGREGATION_STARTED',
        'BATCH_PROCESSED',
        'AGGREGATION_COMPLETED',
      ]);
      const derived = await readEventsByConsole(used.installation.environment, [
        'STATE_PERSISTED',
        'FSM_STATE_TRANSITIONED',
      ]);
      const all = [...published, ...derived];
      const idsOf = (events: typeof all): number => new Set(events.map(({ envelope }) => envelope.event_id)).size;
      const intentsOf = (events: typeof all): number =>
        new Set(events.map(({ envelope }) => envelope.metadata['intent_id'])).size;

      const checks: [name: string, found: unknown, wanted: unknown][] = [
        ['rows', sortedRows(states.rows), sortedRows(expected.rows)],
        ['transitions', transitions.rows[0]?.count, expected.fsm_transitions_rows],
        [
          'latest',
          Object.fromEntries(latest.rows.map(({ workflow_id, ...row }) => [workflow_id, row])),
          expected.latest,
        ],
        ['ledger', ledger.rows[0]?.count, distinct],
        ['published', [idsOf(published), intentsOf(published)], [expected.published_events, expected.published_events]],
        ['derived', idsOf(derived), expected.lists + expected.fsm_transitions_rows],
      ];
      const differences = [
        itemsOf(states.rows) - itemsOf(expected.rows),
        (transitions.rows[0]?.count ?? 0) - expected.fsm_transitions_rows,
        (ledger.rows[0]?.count ?? 0) - distinct,
        idsOf(all) - (expected.published_events + expected.lists + expected.fsm_transitions_rows),
      ];
      await writeMeasured(share === 'never' ? 'killed workers' : 'killed workers, shared lists', [
        {
          fault: 'worker killed (kill -9) every few seconds, started again',
          point: `at random, ${SIDE_BY_SIDE} lists side by side; ${cutOff} activities cut off`,
          lists: requests.length,
          intents: intents.length,
          faults: kills,
          lost: differences.reduce((total, difference) => total + Math.max(0, -difference), 0),
          doubled: differences.reduce((total, difference) => total + Math.max(0, difference), 0),
          deadLetters: letters.rows[0]?.count ?? 0,
          repeatedEvents: all.length - idsOf(all),
        },
      ]);
      for (const [name, found, wanted] of checks) assert.deepEqual(found, wanted, name);
      assert.ok(cutOff > 0, 'no kill met a running activity');
    }).timeout(20 * 60_000);
  });
}

/**
 * Counts the attempts of activities that a kill has cut off. They show that the kills met work, and not only pauses.
 */
async function attemptsCutOff({ environment }: Installation, workflowIds: readonly string[]): Promise<number> {
  let cutOff = 0;
  for (const workflowId of workflowIds) {
    const { events } = await environment.temporal.workflow.getHandle(workflowId).fetchHistory();
    // The event of a start is written with the last attempt, and names its number.
    for (const event of events ?? [])
      cutOff += Math.max(0, (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1);
  }
  return cutOff;
}
