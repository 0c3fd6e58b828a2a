/**
 * These tests make PostgreSQL unavailable for longer than an outage may last, for 1, 2 and 10 worker processes. Lists
 * are given up when the budget is spent, however many workers take their attempts, and have no effect afterwards.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEventsByConsole } from '../support/events.js';
import { CHAOS_EVENTS, sumOfDifferences } from './support/audit.js';
import { reportOf, start, warmUp } from './support/executions.js';
import { HANGING, type Outage, REFUSING } from './support/faults.js';
import { createInstallation, type Installation, SHORT, startWorkerBehind } from './support/installation.js';
import { type Expected, makeLists } from './support/lists.js';
import { type Measured, writeMeasured } from './support/reliability.js';
import { END_MS, type Servers, startServers } from './support/servers.js';
import type { WorkerProcess } from './support/worker-process.js';

/** Seconds of the budget; 900 by default. */
const BUDGET_S = 120;
/** Seconds by which a list may be given up earlier or later: attempts are half a minute apart at most. */
const TOLERANCE_S = 30;
const LISTS = 4;
const WORKERS = [1, 2, 10];
const FAULTS = [REFUSING, HANGING];
const SETTINGS = { ...SHORT, OUTAGE_BUDGET_SECONDS: String(BUDGET_S) };

interface Cell {
  readonly fault: Outage;
  readonly workers: number;
  readonly installation: Installation;
  readonly more: readonly WorkerProcess[];
}

describe(`an outage of PostgreSQL that lasts for longer than the budget of ${BUDGET_S} s`, function () {
  this.timeout(20 * 60_000);
  let servers: Servers;
  const cells: Cell[] = [];

  before(async () => {
    servers = await startServers(WORKERS.length * FAULTS.length);
    for (const workers of WORKERS) {
      for (const fault of FAULTS) {
        const route = servers.routes[cells.length]!;
        const installation = await createInstallation(route, SETTINGS);
        const more: WorkerProcess[] = [];
        cells.push({ fault, workers, installation, more });
        while (more.length < workers - 1) {
          more.push(await startWorkerBehind(installation.environment, route, SETTINGS));
        }
        await warmUp(installation);
      }
    }
  });
  after(async function () {
    this.timeout(END_MS);
    try {
      await Promise.all(cells.flatMap(({ more }) => more.map((worker) => worker.kill())));
      await Promise.all(cells.map(({ installation }) => installation.close()));
    } finally {
      await (servers as Servers | undefined)?.stop();
    }
  });

  it('is waited for until the budget is spent, by 1, 2 and 10 workers', async () => {
    const rows = await Promise.all(cells.map(outage));
    await writeMeasured(
      'outage budget',
      rows.map(({ row }) => row),
    );
    for (const { row, lasted } of rows) {
      for (const seconds of lasted) {
        assert.ok(Math.abs(seconds - BUDGET_S) <= TOLERANCE_S, `${row.fault}, ${row.point}: ${seconds} s`);
      }
      assert.deepEqual([row.lost, row.doubled], [0, 0], `${row.fault}, ${row.point}`);
    }
  });

  async function outage({ fault, workers, installation }: Cell): Promise<{ row: Measured; lasted: number[] }> {
    await fault.strike(installation);
    const from = Date.now();
    const { lists, expected } = makeLists(LISTS);
    await start(installation, lists);
    const lasted = await Promise.all(
      lists.map(async ({ requestId }) => {
        const { results } = await reportOf(installation, requestId);
        for (const { status, failure_class } of results) {
          assert.ok(status === 'skipped' || failure_class === 'unavailable', `${status} ${failure_class ?? ''}`);
        }
        return Math.round((Date.now() - from) / 1_000);
      }),
    );
    await fault.heal(installation);
    // An effect that comes late would be there by now.
    await sleep(10_000);
    const { effects, deadLetters, repeatedEvents } = await effectsOf(installation, expected);
    const row = {
      fault: `${fault.what} for longer than ${BUDGET_S} s, the budget`,
      point: `${workers} ${workers === 1 ? 'worker' : 'workers'}; lists were given up after ${Math.min(...lasted)} to ${Math.max(...lasted)} s`,
      lists: LISTS,
      intents: expected.intentIds.length,
      faults: 1,
      // A list that was given up must have no effect at all.
      ...sumOfDifferences([effects]),
      deadLetters,
      repeatedEvents,
    };
    return { row, lasted };
  }

  /** Counts rows and events that the lists have left: each is one too many. */
  async function effectsOf(
    { environment }: Installation,
    { intentIds, totals, transitions, events }: Expected,
  ): Promise<{ effects: number; deadLetters: number; repeatedEvents: number }> {
    const { rows } = await environment.pool.query<{ effects: number; letters: number }>(
      `SELECT ((SELECT count(*) FROM bridge_states WHERE bridge_id::text = ANY ($1))
           + (SELECT count(*) FROM fsm_transitions WHERE entity_id::text = ANY ($2)))::int AS effects,
         (SELECT count(*)::int FROM dead_letters WHERE intent_id::text = ANY ($3)) AS letters`,
      [[...totals.keys()].map((key) => key.split(' ')[0]), [...transitions.keys()], intentIds],
    );
    const read = (await readEventsByConsole(environment, CHAOS_EVENTS)).filter(({ envelope }) =>
      events.has(`${String(envelope.metadata['intent_id'])} ${envelope.event_type}`),
    );
    const ids = new Set(read.map(({ envelope }) => envelope.event_id));
    return {
      effects: (rows[0]?.effects ?? 0) + ids.size,
      deadLetters: rows[0]?.letters ?? 0,
      repeatedEvents: read.length - ids.size,
    };
  }
});
