/** This test has a database that accepts no connection now and then, as during a switchover. No list fails for it. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { persistState, publishEvent } from '../support/intents.js';
import { onServer } from '../support/template-database.js';
import { useWorkers } from './support.js';

/** The number of rounds. A run before a release has 25, though three show the same. */
const ROUNDS = Number(process.env['REFUSED_ROUNDS'] ?? 3);
/** Milliseconds for which a round refuses, and for which it lets work go on. */
const REFUSED_MS = 1_500;
const OPEN_MS = 1_000;

describe('a database that accepts no connections for a moment', () => {
  // The breaker opens for a second only, because it is not what this test is about.
  const workers = useWorkers(
    { PG_BREAKER_OPEN_SECONDS: '1' },
    { once: 'an event whose record in the ledger was refused is published once more' },
  );

  it(`fails none of 41 lists in ${ROUNDS} rounds, and every total is exact`, async () => {
    const { client } = await workers.start();
    const { pool, endpoints } = workers.environment;
    const database = new URL(endpoints.postgres.url).pathname.slice(1);
    const allow = (allowed: boolean) =>
      onServer((server) => server.query(`ALTER DATABASE "${database}" ALLOW_CONNECTIONS ${String(allowed)}`));

    let over = false;
    let executed = 0;
    const bridges = Array.from({ length: 41 }, () => persistState().payload.aggregation_id);
    const totals = new Map<string, number>();
    const caller = async (aggregation_id: string): Promise<void> => {
      do {
        const report = await client.executeIntents([persistState({ aggregation_id }), publishEvent()]);
        assert.equal(report.outcome, 'completed', JSON.stringify(report.results));
        executed += 1;
        totals.set(aggregation_id, (totals.get(aggregation_id) ?? 0) + 100);
      } while (!over);
    };
    const callers = Promise.all(bridges.map(caller));
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        await sleep(OPEN_MS);
        await allow(false);
        await onServer((server) =>
          server.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = $1 AND application_name LIKE 'bridge-worker-%'`,
            [database],
          ),
        );
        await sleep(REFUSED_MS);
        await allow(true);
      }
    } finally {
      await allow(true);
      over = true;
    }
    await callers;
    assert.ok(executed >= bridges.length, `${executed} lists`);
    const { rows } = await pool.query<{ bridge_id: string; total: string }>(
      'SELECT bridge_id, sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = ANY ($1) GROUP BY 1',
      [bridges],
    );
    assert.deepEqual(new Map(rows.map(({ bridge_id, total }) => [bridge_id, Number(total)])), totals);
  }).timeout(300_000);
});
