/**
 * In these tests a store is unavailable for 90 s amid 200 lists that run, and 50 more lists come meanwhile. The
 * breakers have their default settings. Nothing fails, nothing is off, and the calls that have piled up do not come
 * back as a herd.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IntentsReport } from '../../src/client/index.js';
import type { ServiceName } from '../../src/stack/types.js';
import { until } from '../../src/flow-control/until.js';
import { bridge } from '../support/bridge.js';
import { readEventsByConsole } from '../support/events.js';
import { auditEvents, auditRows, CHAOS_EVENTS } from './support/audit.js';
import { useInstallation } from './support/installation.js';
import { errorsOf, mostAttempts, reportOf, start, warmUp } from './support/executions.js';
import { hold } from './support/holds.js';
import { type List, makeLists } from './support/lists.js';
import { busiestSecond, type LoadWatch, type Sample, watchLoad } from './support/load.js';
import { type Measured, writeMeasured } from './support/reliability.js';

const RUNNING = 200;
const ARRIVING = 50;
const OUTAGE_MS = 90_000;
/** Milliseconds after which calls that were under way have ended. A connection is waited for 5 s, by default. */
const UNDER_WAY_MS = 15_000;

describe(`an outage of 90 s amid ${RUNNING} lists that run`, () => {
  const measured: Measured[] = [];
  const used = useInstallation({}, warmUp);

  /**
   * @returns reports in the order of the lists, the moment of the end of the outage, and what the worker did meanwhile.
   */
  async function strike(server: 'postgres' | 'kafka') {
    const { lists, expected } = makeLists(RUNNING + ARRIVING);
    const [early, late] = [lists.slice(0, RUNNING), lists.slice(RUNNING)];
    const held = await hold(used.installation.environment.endpoints.postgres.url, 'beforeEffect');
    await start(used.installation, early);
    await held.reached();
    assert.deepEqual(new Set(await statusesOf(early)), new Set(['RUNNING']));
    const load = watchLoad(used.installation.worker.port, server);
    const from = Date.now();
    await used.servers.kill(server satisfies ServiceName);
    await held.release();
    for (const [index, list] of late.entries()) {
      await start(used.installation, [list]);
      await sleep(Math.max(0, from + ((index + 1) / late.length) * OUTAGE_MS - Date.now()));
    }
    await used.servers.start(server);
    const back = Date.now();
    const reports = await Promise.all(lists.map(({ requestId }) => reportOf(used.installation, requestId)));
    await load.stop();
    return { expected, reports, load, from, back, drainedMs: Date.now() - back };
  }

  it('of PostgreSQL: every intent succeeds, once, and one call at a time asks whether it is back', async () => {
    const { expected, reports, load, from, back, drainedMs } = await strike('postgres');
    const { lost, doubled } = await until(30_000, () => auditRows(used.installation.environment.pool, expected));
    const events = auditEvents(await readEventsByConsole(used.installation.environment, CHAOS_EVENTS), expected);
    const { probes, asked, refusals, atOnce, busiest } = comeback(load, from);
    measured.push({
      fault: 'PostgreSQL down for 90 s',
      point: `amid ${RUNNING} running lists, ${ARRIVING} more while it is unavailable; ${probes} probes, ${refusals} refused calls a minute, ${atOnce} calls in the second after, ${busiest} in the busiest one; drained in ${Math.round(drainedMs / 1_000)} s`,
      lists: reports.length,
      intents: expected.intentIds.length,
      faults: 1,
      lost: lost.length + events.lost.length,
      doubled: doubled.length + events.doubled.length,
      deadLetters: (await lettersOf(expected.intentIds)).size,
      repeatedEvents: events.repeated,
    });
    assert.deepEqual([...lost, ...doubled, ...events.lost, ...events.doubled], []);
    assertOutcomes(reports, ['succeeded']);
    assert.ok(probes >= 1, 'the breaker never opened');
    // The refused calls come back spread over a quarter of a minute, so the store is not met by all of them.
    assert.ok(busiest > 0 && busiest < RUNNING + ARRIVING, `${busiest} calls in the busiest second after it`);
    // An attempt of a list waits out the breaker, 60 s and up to a quarter more, and begins anew when a probe fails.
    assert.ok(refusals > 0 && refusals <= 2 * (RUNNING + ARRIVING), `${refusals} refused calls a minute`);
    assert.ok(atOnce < RUNNING / 2, `${atOnce} calls in the second after the breaker closed`);
    assert.ok(asked <= probes, `${asked} connections asked for while the breaker was open, by ${probes} probes`);
    assert.ok(back - from >= OUTAGE_MS, 'it came back too early');
  }).timeout(8 * 60_000);

  it('of Kafka: every event is on its topic in the end, in order, and each result says how', async () => {
    const { expected, reports, load, drainedMs } = await strike('kafka');
    const { lost, doubled } = await until(30_000, () => auditRows(used.installation.environment.pool, expected));
    const letters = await lettersOf(expected.intentIds);
    const said = reports.flatMap(({ results }) => results);
    const probes = load.samples.at(-1)!.probes - load.samples[0]!.probes;
    // One run may stop at a breaker that is still open, and the next run goes on.
    await until(120_000, async () => {
      const { code, stdout, stderr } = await bridge(
        ['dead-letters', 'redrive', '--json'],
        used.installation.environment.env,
      );
      assert.equal(code, 0, stdout + stderr);
    });
    const events = auditEvents(await readEventsByConsole(used.installation.environment, CHAOS_EVENTS), expected);
    measured.push({
      fault: 'Kafka down for 90 s',
      point: `amid ${RUNNING} running lists, ${ARRIVING} more while it is unavailable; ${probes} probes; drained in ${Math.round(drainedMs / 1_000)} s`,
      lists: reports.length,
      intents: expected.intentIds.length,
      faults: 1,
      lost: lost.length + events.lost.length,
      doubled: doubled.length + events.doubled.length,
      deadLetters: letters.size,
      repeatedEvents: events.repeated,
    });
    assert.deepEqual([...lost, ...doubled, ...events.lost, ...events.doubled], []);
    assertOutcomes(reports, ['succeeded', 'dead_lettered']);
    for (const result of said) {
      const deadLettered = letters.has(result.intent_id);
      const { event_published, dlq_fallback } = result as { event_published?: boolean; dlq_fallback?: boolean };
      // The result of a PersistState has no field `event_published`.
      if (result.intent_type !== 'PersistState') assert.equal(event_published, !deadLettered, JSON.stringify(result));
      if (result.intent_type !== 'PublishEvent') continue;
      assert.deepEqual([result.status, dlq_fallback], [deadLettered ? 'dead_lettered' : 'succeeded', deadLettered]);
    }
    assert.ok(letters.size > 0, 'no event became a dead letter');
    const retried = await Promise.all(
      reports
        .filter(({ results }) =>
          results.some((result) => result.intent_type === 'PublishEvent' && result.event_published),
        )
        .map(({ request_id }) => mostAttempts(used.installation, request_id)),
    );
    assert.ok(
      retried.some((attempts) => attempts > 1),
      'no event was published by a retry',
    );
  }).timeout(8 * 60_000);

  it('writes down what it found', async () => {
    assert.equal(measured.length, 2);
    await writeMeasured('outages', measured);
  });

  const statusesOf = (lists: readonly List[]): Promise<string[]> =>
    Promise.all(
      lists.map(async ({ requestId }) => {
        const { temporal } = used.installation.environment;
        return (await temporal.workflow.getHandle(requestId).describe()).status.name;
      }),
    );

  function assertOutcomes(reports: readonly IntentsReport[], wanted: readonly string[]): void {
    const wrong = reports.filter(({ results }) => !results.every(({ status }) => wanted.includes(status)));
    assert.deepEqual(
      wrong.map((report) => `${report.request_id} ${report.outcome} ${errorsOf(report)}`),
      [],
    );
  }

  /** Returns the intents with a dead letter, of their own event or of their announcement. */
  async function lettersOf(intentIds: readonly string[]): Promise<Set<string>> {
    const { rows } = await used.installation.environment.pool.query<{ intent_id: string }>(
      'SELECT intent_id FROM dead_letters WHERE intent_id = ANY ($1::uuid[])',
      [intentIds],
    );
    return new Set(rows.map(({ intent_id }) => intent_id));
  }
});

/** Returns what the worker asked of PostgreSQL while the breaker was open, and how fast the calls came back. */
function comeback(load: LoadWatch, from: number) {
  const { samples } = load;
  const settled = samples.find(({ at }) => at >= from + UNDER_WAY_MS) ?? samples[0]!;
  const closed = samples.find(({ at, breaker }) => at > settled.at && breaker === 0);
  assert.ok(closed, 'the breaker never closed');
  // The last sample before the breaker closed counts the probe that closed it, and nothing that came after.
  const last: Sample = samples[samples.indexOf(closed) - 1]!;
  const first = samples.find(({ at }) => at >= from)!;
  const second = samples.findLast(({ at }) => at <= closed.at + 1_000)!;
  return {
    probes: closed.probes - first.probes,
    asked: last.checkouts - settled.checkouts,
    /** Refused calls a minute, of all lists together. Each call is an attempt of an activity. */
    refusals: Math.round((last.refused - settled.refused) / ((last.at - settled.at) / 60_000)),
    atOnce: second.checkouts - last.checkouts,
    busiest: busiestSecond(samples, last.at),
  };
}
