/**
 * These tests execute real input with known answers. The first history is that of a Kafka client: 31 lists, 739 intents
 * (test/data).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { IntentsReport, RecoveredWorkflow } from '../../../src/client/index.js';
import { bridge } from '../../support/bridge.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEventsByConsole } from '../../support/events.js';
import { type ExpectedHistory, sortedRows, type StateRow } from '../../support/history.js';

interface Expected extends ExpectedHistory {
  readonly latest_state_counts: Readonly<Record<string, number>>;
  readonly workflows: number;
}

function countsOf(states: readonly RecoveredWorkflow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { current_state } of states) counts[current_state] = (counts[current_state] ?? 0) + 1;
  return counts;
}

/**
 * Gives the lists request ids of this run. Servers that were tested before would answer the data's own ids with the
 * reports of then.
 */
const withOwnIds = (lists: string): string => lists.replaceAll('"request_id":"', `"request_id":"${randomUUID()}-`);

describe('a real history', () => {
  let environment: Environment;
  let expected: Expected;
  let lists: string;
  before(async () => {
    environment = await createEnvironment();
    expected = JSON.parse(
      await readFile(new URL('../../data/kafka-client-history.expected.json', import.meta.url), 'utf8'),
    ) as Expected;
    const history = await readFile(new URL('../../data/kafka-client-history.ndjson', import.meta.url), 'utf8');
    lists = withOwnIds(history);
  });
  after(() => environment.close());

  const stored = async () => {
    const [rows, transitions, states] = await Promise.all([
      environment.pool.query<StateRow>(
        `SELECT bridge_id, namespace, total_workflows_processed::int, total_items_aggregated::int
         FROM bridge_states ORDER BY bridge_id, namespace`,
      ),
      environment.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM fsm_transitions'),
      environment.pool.query<{ state: string; count: number }>(
        'SELECT current_state AS state, count(*)::int AS count FROM fsm_states GROUP BY current_state',
      ),
    ]);
    return {
      rows: rows.rows,
      transitions: transitions.rows[0]?.count,
      states: Object.fromEntries(states.rows.map(({ state, count }) => [state, count])),
    };
  };

  it('leaves exactly the expected rows and events; the same request ids again change nothing', async () => {
    const run = await bridge(['execute', '-', '--json', '--concurrency', '1'], environment.env, lists);
    assert.equal(run.code, 0, run.stderr);
    const reports = run.json() as IntentsReport[];
    assert.equal(reports.length, expected.lists);

    const first = await stored();
    assert.deepEqual(sortedRows(first.rows), sortedRows(expected.rows));
    assert.equal(first.transitions, expected.fsm_transitions_rows);
    assert.deepEqual(first.states, expected.latest_state_counts);
    const recovered = await bridgeHere(['recover', '--all', '--ndjson'], environment.env);
    assert.equal(recovered.code, 0, recovered.stderr);
    const states = recovered.json() as RecoveredWorkflow[];
    assert.equal(new Set(states.map(({ workflow_id }) => workflow_id)).size, expected.workflows);
    assert.deepEqual(countsOf(states), expected.latest_state_counts);

    const again = await bridgeHere(['execute', '-', '--json'], environment.env, lists);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(await stored(), first);

    const events = await readEventsByConsole(environment, [
      'AGGREGATION_STARTED',
      'BATCH_PROCESSED',
      'AGGREGATION_COMPLETED',
      'STATE_PERSISTED',
      'FSM_STATE_TRANSITIONED',
    ]);
    // Each event id counts once, because attempts may repeat an event. The invariant `once` counts the copies.
    const ids = (...types: string[]) =>
      new Set(events.flatMap(({ envelope: { event_type, event_id } }) => (types.includes(event_type) ? event_id : [])));
    assert.equal(ids('STATE_PERSISTED').size, expected.lists);
    assert.equal(ids('FSM_STATE_TRANSITIONED').size, expected.fsm_transitions_rows);
    const published = ids('AGGREGATION_STARTED', 'BATCH_PROCESSED', 'AGGREGATION_COMPLETED');
    assert.equal(published.size, expected.published_events);
  }).timeout(180_000);
});

/**
 * The second history has 104 lists and 3,963 intents. Transitions of one workflow are in several lists, and a tenth of
 * them comes twice.
 */
describe('a real history whose workflows cross lists', () => {
  it('is recovered as expected after 16 lists at a time', async () => {
    const environment = await createEnvironment();
    try {
      const data = (name: string): URL => new URL(`../../data/${name}`, import.meta.url);
      const lists = gunzipSync(await readFile(data('kafka-client-files.ndjson.gz'))).toString();
      const { latest } = JSON.parse(await readFile(data('kafka-client-files.expected.json'), 'utf8')) as {
        latest: Readonly<Record<string, unknown>>;
      };
      const args = ['execute', '-', '--json', '--concurrency', '16'];
      const run = await bridgeHere(args, environment.env, withOwnIds(lists));
      assert.equal(run.code, 0, run.stderr);
      const recovered = await bridgeHere(['recover', '--all', '--ndjson'], environment.env);
      const states = recovered.json() as RecoveredWorkflow[];
      assert.deepEqual(
        Object.fromEntries(
          states.map(({ workflow_id, current_state, previous_state, transition_count }) => [
            workflow_id,
            { current_state, previous_state, transition_count },
          ]),
        ),
        latest,
      );
      assert.equal(states.length, Object.keys(latest).length);
    } finally {
      await environment.close();
    }
  }).timeout(180_000);
});
