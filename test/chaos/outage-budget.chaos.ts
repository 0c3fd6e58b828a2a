/**
 * These tests make PostgreSQL unavailable for longer than an outage may last, for 1, 2 and 10 worker processes. Lists
 * are given up when the budget is spent, however many workers take their attempts, and have no effect afterwards.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { sumOfDifferences } from './support/audit.js';
import { reportOf, start, warmUp } from './support/executions.js';
import { HANGING, REFUSING } from './support/faults.js';
import { createInstallation, type Installation, SHORT, startWorkerBehind } from './support/installation.js';
import { makeLists } from './support/lists.js';
import { type Measured, writeMeasured } from './support/reliability.js';
import { END_MS, type Servers, startServers } from './support/servers.js';
import type { WorkerProcess } from './support/worker-process.js';

/** Seconds of the budget; 900 by default. */
const BUDGET_S = 120;
/**
 * Seconds by which a list may be given up earlier or later. Attempts are half a minute apart at most, and one that
 * hangs ends after 13 s.
 */
const TOLERANCE_S = 45;
const LISTS = 4;
const WORKERS = [1, 2, 10];
const FAULTS = [REFUSING, HANGING];
const SETTINGS = { ...SHORT, OUTAGE_BUDGET_SECONDS: String(BUDGET_S) };

interface Cell {
  readonly fault: (typeof FAULTS)[number];
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
    const { pool } = installation.environment;
    await fault.strike(installation);
    const from = Date.now();
    const { lists, expected } = makeLists(LISTS);
    await start(installation, lists);
    const lasted = await Promise.all(
      lists.map(async ({ requestId }) => {
        const { results } = await reportOf(installation, requestId);
        for (const { intent_type, status, failure_class } of results) {
          if (intent_type !== 'PersistState') continue;
          assert.ok(status !== 'succeeded' && failure_class === 'unavailable', `${status} ${failure_class ?? ''}`);
        }
        return Math.round((Date.now() - from) / 1_000);
      }),
    );
    await fault.heal(installation);
    // An effect that comes late would be there by now.
    await sleep(10_000);
    const { rows } = await pool.query<{ added: number }>(
      'SELECT count(*)::int AS added FROM bridge_states WHERE bridge_id::text = ANY ($1)',
      [[...expected.totals.keys()].map((key) => key.split(' ')[0])],
    );
    const row = {
      fault: `PostgreSQL ${fault.what} for longer than ${BUDGET_S} s, the budget`,
      point: `${workers} ${workers === 1 ? 'worker' : 'workers'}; lists were given up after ${Math.min(...lasted)} to ${Math.max(...lasted)} s`,
      lists: LISTS,
      intents: expected.intentIds.length,
      faults: 1,
      // A list that was given up must have no effect at all on the states.
      ...sumOfDifferences([rows[0]?.added ?? 0]),
      deadLetters: 0,
      repeatedEvents: 0,
    };
    return { row, lasted };
  }
});
