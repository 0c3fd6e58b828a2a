/**
 * This test locks many rows for ten minutes, as a transaction does that somebody has forgotten. Lists of the intake and
 * lists that callers start touch them meanwhile. None of them fails, and those with free rows do not wait (ADR 0031).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../src/flow-control/until.js';
import { percentiles } from '../../bench/support/load.js';
import { bridge } from '../support/bridge.js';
import { readEventsByConsole } from '../support/events.js';
import { persistState } from '../support/intents.js';
import { errorsOf, reportOf } from './support/executions.js';
import { useInstallation } from './support/installation.js';
import { sumOfDifferences } from './support/audit.js';
import { writeMeasured } from './support/reliability.js';

const LISTS = 300;
const LOCKED = 180;
/** Seconds of the lock: less than the 900 of an outage budget, which lists on the direct path have. */
const LOCKED_S = 600;
/** Milliseconds from one started list to the next. */
const EVERY_MS = 500;
/** One of this many started lists touches a locked row: 5 %. */
const ONE_OF = 20;
const ITEMS = 100;

describe(`${LOCKED} rows that a stranger has locked for ${LOCKED_S} s`, function () {
  this.timeout(20 * 60_000);
  const used = useInstallation({}, undefined, ['--intake']);

  const query = async <T>(sql: string, values: unknown[] = []): Promise<T | undefined> =>
    (await used.installation.environment.pool.query<{ value: T }>(sql, values)).rows[0]?.value;
  const completed = () =>
    query<number>(`SELECT count(*)::int AS value FROM intake_verdicts WHERE verdict ->> 'outcome' = 'completed'`);

  it('stop the lists that touch them, which fail for it no more than the others', async () => {
    const { environment } = used.installation;
    const { client, env, pool } = environment;
    const bridges = Array.from({ length: LISTS }, () => randomUUID());
    const add = (aggregation_id: string) => persistState({ aggregation_id });
    await client.executeIntents(bridges.map(add));
    const stranger = await pool.connect();
    await stranger.query('BEGIN');
    await stranger.query('SELECT FROM bridge_states WHERE bridge_id = ANY ($1) FOR UPDATE', [bridges.slice(0, LOCKED)]);
    const end = Date.now() + LOCKED_S * 1_000;

    const lines = bridges.map((bridge) => JSON.stringify({ request_id: randomUUID(), intents: [add(bridge)] }));
    const emitted = await bridge(['emit', '-'], env, lines.join('\n'));
    assert.equal(emitted.code, 0, emitted.stderr);
    const waiting: string[] = [];
    const free: Promise<number>[] = [];
    for (let count = 0; Date.now() < end - 20_000; count += 1) {
      const requestId = randomUUID();
      if (count % ONE_OF === 0) {
        await client.start([add(bridges[0]!)], { requestId });
        waiting.push(requestId);
      } else {
        const from = performance.now();
        free.push(client.executeIntents([persistState()], { requestId }).then(() => performance.now() - from));
      }
      await sleep(EVERY_MS);
    }
    // The rows are still locked, and everything that does not touch them has its answer.
    const times = percentiles(await Promise.all(free));
    assert.ok(Date.now() < end, 'lists with free rows waited for the locked ones');
    assert.equal(await completed(), LISTS - LOCKED);
    assert.equal(await query('SELECT count(*)::int AS value FROM intake_parked'), LOCKED);
    await sleep(end - Date.now());
    await stranger.query('ROLLBACK');
    stranger.release(true);

    const reports = await Promise.all(waiting.map((requestId) => reportOf(used.installation, requestId)));
    await until(300_000, async () => assert.equal(await completed(), LISTS));
    const intents = 2 * LISTS + free.length + waiting.length;
    const events = await readEventsByConsole(environment, ['STATE_PERSISTED']);
    const ids = new Set(events.map(({ envelope }) => envelope.event_id));
    const items = await query<number>('SELECT sum(total_items_aggregated)::int AS value FROM bridge_states');
    const differences = [(items ?? 0) / ITEMS - intents, ids.size - intents];
    await writeMeasured('locked rows', [
      {
        fault: `${LOCKED} rows of ${LISTS} locked by another transaction for ${LOCKED_S} s`,
        point: `${LISTS} lists of the intake, and ${free.length + waiting.length} started meanwhile, of which ${waiting.length} touch a locked row; the others took ${times.p50.toFixed(0)} ms (p50), ${times.p95.toFixed(0)} ms (p95)`,
        lists: LISTS + free.length + waiting.length + 1,
        intents,
        faults: 1,
        ...sumOfDifferences(differences),
        deadLetters: (await query<number>('SELECT count(*)::int AS value FROM dead_letters')) ?? 0,
        repeatedEvents: events.length - ids.size,
      },
    ]);
    assert.deepEqual(
      reports.filter(({ outcome }) => outcome !== 'completed').map((report) => errorsOf(report)),
      [],
    );
    assert.deepEqual(differences, [0, 0]);
  });
});
