/**
 * This test runs a recovery amid arriving transitions, killed workers and a broker that goes down. The recovery leaves
 * out no workflow. A second one, in which nothing moves, leaves its consumer with the true states.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecoveredStateEvent, RecoverySummaryEvent } from '../../src/client/index.js';
import { isNewer } from '../../src/domain/recovery/newer.js';
import type { RecoveryReport } from '../../src/domain/recovery/recovery.js';
import { until } from '../../src/flow-control/until.js';
import { readEventsByConsole } from '../support/events.js';
import { useInstallation } from './support/installation.js';

/** Number of workflows: six pages of 5,000. States of the first page that have moved come again. */
const WORKFLOWS = 30_000;
/** Numbers of pages after which the worker is killed. After the second page the broker is killed too. */
const KILLS_AFTER = [1, 2, 3, 4];
const ARRIVALS = 200;

type Place = Pick<RecoveredStateEvent, 'current_state' | 'epoch' | 'transition_count' | 'arrival'>;

describe('a recovery under faults', () => {
  const used = useInstallation();

  /**
   * Inserts transitions of random workflows. Each is the next of its workflow's count, or one that starts the count
   * again.
   */
  const arrive = (n: number) =>
    used.installation.environment.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_count, transition_at)
       SELECT workflow_id, 'workflow_execution', current_state, 'STATE_' || (random() * 1000)::int, 'chaos',
         CASE WHEN random() < 0.2 THEN 1 END, clock_timestamp()
       FROM fsm_states ORDER BY random() LIMIT $1`,
      [n],
    );

  it('leaves out no workflow, and a second one has every workflow’s true state', async () => {
    const { environment, worker } = used.installation;
    const { pool, temporal, config } = environment;
    await pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_at)
       SELECT gen_random_uuid(), 'workflow_execution', 'PENDING', 'created', clock_timestamp() FROM generate_series(1, $1::int)`,
      [WORKFLOWS],
    );
    const start = () =>
      temporal.workflow.start<(given: object) => Promise<RecoveryReport>>('RecoverFsmStatesWorkflow', {
        args: [{}],
        taskQueue: config.TEMPORAL_TASK_QUEUE,
        workflowId: randomUUID(),
      });
    const handle = await start();
    const pages = async () =>
      ((await handle.fetchHistory()).events ?? []).filter(
        ({ activityTaskCompletedEventAttributes: completed }) => completed != null,
      ).length;
    const attempts = async () => (await handle.describe()).raw.pendingActivities?.[0]?.attempt ?? 0;

    const enough = new AbortController();
    const arrivals = (async () => {
      while (!enough.signal.aborted) {
        await arrive(ARRIVALS / 20);
        await sleep(20);
      }
    })();
    for (const after of KILLS_AFTER) {
      await until(200_000, async () => {
        assert.ok((await pages()) >= after);
      });
      await worker.kill();
      assert.equal((await handle.describe()).status.name, 'RUNNING', 'the kill came too late to be one');
      await arrive(ARRIVALS);
      if (after === 2) {
        await used.servers.kill('kafka');
        await worker.start();
        await until(200_000, async () => {
          assert.ok((await attempts()) > 2, 'no attempt has met the missing broker');
        });
        await used.servers.start('kafka');
        continue;
      }
      if (after === KILLS_AFTER.at(-1)) {
        enough.abort();
        await arrivals;
      }
      await worker.start();
    }
    const report = await handle.result();

    const consumer = new Map<string, Place>();
    let summaries = 0;
    const consume = async () => {
      for (const { envelope } of await readEventsByConsole(environment, ['FSM_STATES_RECOVERED'])) {
        const payload = envelope.payload as unknown as RecoveredStateEvent | RecoverySummaryEvent;
        if (payload.kind === 'summary') {
          summaries += 1;
          continue;
        }
        const { workflow_id, current_state, epoch, transition_count, arrival } = payload;
        const known = consumer.get(workflow_id);
        if (known === undefined || isNewer(payload, known)) {
          consumer.set(workflow_id, { current_state, epoch, transition_count, arrival });
        }
      }
    };
    await consume();
    assert.equal(consumer.size, WORKFLOWS);
    assert.ok(summaries >= 1);
    assert.ok(report.emitted >= WORKFLOWS);
    assert.equal((await (await start()).result()).emitted, WORKFLOWS);
    await consume();
    const { rows } = await pool.query<Place & { workflow_id: string }>(
      'SELECT workflow_id, current_state, epoch, transition_count::int, sequence::int AS arrival FROM fsm_states',
    );
    const wrong = rows.filter(({ workflow_id, ...place }) => {
      const seen = consumer.get(workflow_id);
      return JSON.stringify(seen) !== JSON.stringify(place);
    });
    assert.deepEqual(wrong, []);
  }).timeout(10 * 60_000);
});
