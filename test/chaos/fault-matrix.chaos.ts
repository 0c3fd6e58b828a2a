/**
 * In the fault matrix every fault strikes three workers at once, each stopped at another point of its work. Afterwards
 * rows, ledger and consumed events are compared with what the lists say.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SERVICE_NAMES } from '../../src/stack/types.js';
import { until } from '../../src/flow-control/until.js';
import { readEventsByConsole } from '../support/events.js';
import { auditEvents, auditRows, CHAOS_EVENTS } from './support/audit.js';
import { type Installation, createInstallation } from './support/installation.js';
import { errorsOf, mostAttempts, reportOf, start, stored, warmUp } from './support/executions.js';
import { admit, type Fault, FAULTS, heal } from './support/faults.js';
import { type Held, hold } from './support/holds.js';
import { type Expected, type List, makeLists } from './support/lists.js';
import { type Measured, writeMeasured } from './support/reliability.js';
import { END_MS, type Servers, startServers } from './support/servers.js';

const POINTS = ['before the effect', 'after the effect, before its acknowledgement', 'during publish'] as const;
type Point = (typeof POINTS)[number];

type Share = 'auto' | 'never';

/** The faults that meet lists that share executions: those that end a process in the middle of them. */
const OF_SHARED = [
  'worker killed (kill -9), started again',
  'PostgreSQL crashed, started again',
  'Temporal killed, started again',
];

const MATRICES: readonly { section: string; share: Share; faults: readonly Fault[] }[] = [
  { section: 'fault matrix', share: 'never', faults: FAULTS },
  {
    section: 'fault matrix of shared lists',
    share: 'auto',
    faults: FAULTS.filter(({ name }) => OF_SHARED.includes(name)),
  },
];

/** Milliseconds for a cell. A killed attempt is only missed after the heartbeat time-out of 20 s. */
const CELL_MS = 300_000;

interface Cell {
  readonly fault: Fault;
  readonly point: Point;
  readonly share: Share;
  readonly installation: Installation;
  readonly lists: readonly List[];
  readonly expected: Expected;
}

for (const { section, share, faults } of MATRICES) {
  describe(section, () => {
    let servers: Servers;
    let installations: Installation[];
    const done: { cell: Cell; outcome: Measured }[] = [];

    before(async function () {
      this.timeout(15 * 60_000);
      servers = await startServers(POINTS.length);
      installations = [];
      // One after the other: the roles of the databases are the server's, and are created once.
      for (const route of servers.routes) installations.push(await createInstallation(route));
    });
    after(async function () {
      this.timeout(END_MS);
      try {
        await Promise.all(
          ((installations as Installation[] | undefined) ?? []).map((installation) => installation.close()),
        );
      } finally {
        await (servers as Servers | undefined)?.stop();
      }
    });

    // Every fault is healed here, because a row that failed half-way must not make the next one fail.
    afterEach(async function () {
      this.timeout(120_000);
      await Promise.all(installations.map(({ route }) => Promise.all([route.postgres.heal(), route.kafka.heal()])));
      for (const name of SERVICE_NAMES) await servers.start(name);
      await Promise.all(installations.map(admit));
    });

    for (const fault of faults) {
      it(fault.name, async () => {
        await Promise.all(installations.map(warmUp));
        const cells = POINTS.map((point, index): Cell => ({
          fault,
          point,
          installation: installations[index]!,
          share,
          ...makeLists(undefined, share),
        }));
        const held = await Promise.all(cells.map(bringToPoint));
        await Promise.all(cells.map(async ({ installation }) => fault.strike?.(installation)));
        if (fault.server !== undefined) await servers.kill(fault.server);
        // The fault is there now, so the stopped workers go on into it.
        await Promise.all(held.map((cell) => cell.release()));
        await heal(servers, fault, installations);
        await Promise.all(installations.map(({ route }) => Promise.all([route.postgres.heal(), route.kafka.heal()])));
        const failures: string[] = [];
        for (const cell of cells) failures.push(...(await settle(cell)));
        assert.deepEqual(failures, []);
        if (fault.failsAttempts === false) return;
        const attempts = cells.flatMap(({ installation, lists }) =>
          lists.map(({ requestId }) => mostAttempts(installation, requestId)),
        );
        assert.ok(Math.max(...(await Promise.all(attempts))) > 1, 'no attempt failed: the fault has met nothing');
      }).timeout(CELL_MS);
    }

    it('every event is on its topic, in order, under one event id an intent', async () => {
      const failures: string[] = [];
      const readings = await Promise.all(
        installations.map(({ environment }) => readEventsByConsole(environment, CHAOS_EVENTS)),
      );
      for (const [index, installation] of installations.entries()) {
        const read = readings[index]!;
        for (const { cell, outcome } of done.filter(({ cell }) => cell.installation === installation)) {
          const { lost, doubled, repeated } = auditEvents(read, cell.expected);
          Object.assign(outcome, {
            lost: outcome.lost + lost.length,
            doubled: outcome.doubled + doubled.length,
            repeatedEvents: repeated,
          });
          failures.push(...[...lost, ...doubled].map((text) => `${cell.fault.name}, ${cell.point}: ${text}`));
        }
      }
      assert.ok(done.length > 0, 'no cell was run');
      const order = (cell: Cell): number => FAULTS.indexOf(cell.fault) * POINTS.length + POINTS.indexOf(cell.point);
      const rows = [...done].sort((a, b) => order(a.cell) - order(b.cell));
      await writeMeasured(
        section,
        rows.map(({ outcome }) => outcome),
      );
      assert.deepEqual(failures, []);
    }).timeout(CELL_MS);

    /** Starts the lists, and returns once the worker is where the fault is to meet it. */
    async function bringToPoint(cell: Cell): Promise<Held> {
      const { installation, point, fault, lists } = cell;
      const { endpoints } = installation.environment;
      if (point === 'during publish' && fault.store !== 'postgres' && fault.server !== 'temporal') {
        return holdAcknowledgement(cell);
      }
      const held = await hold(
        endpoints.postgres.url,
        point === 'before the effect' ? 'beforeEffect' : point === 'during publish' ? 'afterPublish' : 'atCommit',
      );
      await start(installation, lists, cell.share);
      await held.reached();
      if (point === 'after the effect, before its acknowledgement' && fault.server === 'postgres') {
        // The commit has to happen before the server ends, and its answer must not arrive.
        await installation.route.postgres.add({ type: 'timeout', stream: 'downstream', attributes: { timeout: 0 } });
        await held.release();
        await until(30_000, async () => {
          if ((await ledgerRows(cell)) === 0) throw new Error('nothing was committed');
        });
      }
      return held;
    }

    /** Starts the lists, and stops the broker's answer: the events are on the topic, and the worker does not know. */
    async function holdAcknowledgement(cell: Cell): Promise<Held> {
      const { installation, lists } = cell;
      const { kafka } = installation.route;
      const before = await stored(installation);
      const release = await kafka.add({ type: 'timeout', stream: 'downstream', attributes: { timeout: 0 } });
      await start(installation, lists, cell.share);
      await until(60_000, async () => {
        if ((await stored(installation)) <= before) throw new Error('no event has come to the broker');
      });
      return { reached: () => Promise.resolve(), release };
    }

    /** Waits for the ends of a cell's executions and compares the rows. @returns what is wrong. */
    async function settle(cell: Cell): Promise<string[]> {
      const { installation, lists, expected, fault, point } = cell;
      const failures: string[] = [];
      const reports = await Promise.all(lists.map(({ requestId }) => reportOf(installation, requestId, CELL_MS)));
      for (const report of reports) {
        // A dead letter counts as a success here, and is redriven below.
        if (report.results.every(({ success }) => success)) continue;
        failures.push(`${report.request_id}: ${report.outcome} ${JSON.stringify(report.counts)} ${errorsOf(report)}`);
      }
      const deadLetters = await redriveAll(installation, expected);
      const { lost, doubled } = await until(30_000, () => auditRows(installation.environment.pool, expected));
      const outcome: Measured = {
        fault: fault.name,
        point,
        lists: lists.length,
        intents: expected.intentIds.length,
        faults: 1,
        lost: lost.length,
        doubled: doubled.length,
        deadLetters,
        repeatedEvents: 0,
      };
      done.push({ cell, outcome });
      failures.push(...lost, ...doubled);
      return failures.map((text) => `${point}: ${text}`);
    }
  });
}

/**
 * Redrives until no dead letter is open. A letter that an open breaker refused is sent by the next run.
 * @returns the number of the cell's dead letters.
 */
async function redriveAll(
  { environment: { temporal, config, pool } }: Installation,
  expected: Expected,
): Promise<number> {
  await until(120_000, async () => {
    await temporal.workflow.execute('RedriveDeadLettersWorkflow', {
      args: [{}],
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      workflowId: randomUUID(),
    });
    const { rows } = await pool.query('SELECT id FROM dead_letters WHERE redriven_at IS NULL');
    assert.deepEqual(rows, []);
  });
  const { rows } = await pool.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM dead_letters WHERE intent_id = ANY ($1::uuid[])',
    [expected.intentIds],
  );
  return rows[0]?.count ?? 0;
}

async function ledgerRows({ installation, expected }: Cell): Promise<number> {
  const { rows } = await installation.environment.pool.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM executed_intents WHERE intent_id = ANY ($1::uuid[])',
    [expected.intentIds],
  );
  return rows[0]?.count ?? 0;
}
