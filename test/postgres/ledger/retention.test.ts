/** These tests check which rows pruning deletes from each table, and which it leaves, at the boundaries. */
import assert from 'node:assert/strict';
import { createLedgerRetention } from '../../../src/postgres/ledger/retention.js';
import { createPool } from '../../../src/postgres/core/pool.js';
import { one, onServer, useDatabase } from '../support.js';

/** Rows of a table that pruning deletes in one transaction. */
const PAGE = 5_000;

describe('pruning', () => {
  const database = useDatabase();
  const retention = (days = 30) => createLedgerRetention(database.pool, days);
  afterEach(() =>
    database.pool.query(`TRUNCATE executed_intents, dead_letters, swept_executions, intake_verdicts, rollout_routes;
      UPDATE ledger_retention SET pruned_before = NULL`),
  );

  /** SQL by table that adds `count` rows whose time is `at`, an SQL expression. */
  const tables: Readonly<Record<string, (count: number, at: string) => string>> = {
    executed_intents: (count, at) =>
      `INSERT INTO executed_intents (intent_id, intent_type, payload_hash, execution_id, outcome, settled_at)
       SELECT gen_random_uuid(), 'PersistState', '', 'e', '{}', ${at} FROM generate_series(1, ${count})`,
    dead_letters: (count, at) =>
      `INSERT INTO dead_letters (event_id, topic, message_key, message_value, failure_reason, retry_attempts, redriven_at)
       SELECT gen_random_uuid(), 't', 'k', '{}', 'test', 3, ${at} FROM generate_series(1, ${count})`,
    swept_executions: (count, at) =>
      `INSERT INTO swept_executions (execution_id, swept_at)
       SELECT gen_random_uuid(), ${at} FROM generate_series(1, ${count})`,
    intake_verdicts: (count, at) =>
      `INSERT INTO intake_verdicts (event_id, verdict, stored_at)
       SELECT gen_random_uuid(), '{}', ${at} FROM generate_series(1, ${count})`,
    rollout_routes: (count, at) =>
      `INSERT INTO rollout_routes (correlation_id, path, routed_at)
       SELECT gen_random_uuid(), 'new', ${at} FROM generate_series(1, ${count})`,
  };
  const left = async (table: string) =>
    (await one<{ count: number }>(database.pool, `SELECT count(*)::int AS count FROM ${table}`)).count;

  for (const [table, add] of Object.entries(tables)) {
    it(`takes every old row of ${table}, also what one page does not hold, and no young one`, async () => {
      // All rows have one time, so that rows of the same time follow where a page ends.
      await database.pool.query(add(PAGE + 2, `'2026-01-01T00:00:00Z'`));
      await database.pool.query(add(3, `now() - INTERVAL '29 days'`));
      const sizes: number[] = [];
      let [before, after]: [string | null, string | null] = [null, null];
      do {
        const page: Awaited<ReturnType<ReturnType<typeof retention>['prune']>> = await retention().prune(before, after);
        sizes.push(await left(table));
        [before, after] = [page.pruned_before, page.next];
      } while (after !== null && sizes.length < 5);
      assert.deepEqual(sizes, [5, 3]);
    });

    it(`keeps rows of ${table} for exactly as long as it says`, async () => {
      await database.pool.query(add(1, `now() - INTERVAL '31 days'`));
      const before = new Date(Date.now() - 40 * 86_400_000).toISOString();
      await database.pool.query(add(1, `'${before}'`));
      await database.pool.query(add(1, `'${before}'::timestamptz - INTERVAL '1 microsecond'`));
      // The caller gives a time that is older than the retention. A row of exactly that time stays.
      await retention().prune(before, null);
      assert.equal(await left(table), 2);
      await retention().prune(null, null);
      assert.equal(await left(table), 0);
    });
  }

  it('leaves rows that somebody holds to the next time, and waits for none', async () => {
    await database.pool.query(tables['executed_intents']!(3, `'2026-01-01T00:00:00Z'`));
    await database.pool.query(tables['intake_verdicts']!(3, `'2026-01-01T00:00:00Z'`));
    const impatient = createPool({ url: database.url, min: 0, statementTimeoutMs: 5_000 }, () => undefined);
    await onServer(async (holder) => {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM executed_intents ORDER BY intent_id LIMIT 1 FOR UPDATE');
      await holder.query('SELECT FROM intake_verdicts ORDER BY event_id LIMIT 1 FOR UPDATE');
      const page = await createLedgerRetention(impatient, 30).prune(null, null);
      assert.deepEqual([page.deleted, page.verdicts_deleted, page.next], [2, 2, null]);
      await holder.query('ROLLBACK');
    }, database.url).finally(() => impatient.end());
    const page = await retention().prune(null, null);
    assert.deepEqual([page.deleted, page.verdicts_deleted], [1, 1]);
  });

  it('says how far back an intent is remembered, and how late it is', async () => {
    assert.equal(await retention().prunedBefore(), null);
    assert.equal((await retention().size()).lagSeconds, 0);
    await database.pool.query(tables['executed_intents']!(1, `clock_timestamp() - INTERVAL '31 days'`));
    await database.pool.query(tables['executed_intents']!(1, `clock_timestamp() - INTERVAL '35 days'`));
    const { lagSeconds } = await retention().size();
    assert.ok(lagSeconds >= 5 * 86_400 && lagSeconds < 6 * 86_400, `of the oldest: ${lagSeconds}`);
    assert.equal((await retention(0).size()).lagSeconds, 0, 'nothing is late that is kept for ever');
    const { pruned_before } = await retention().prune(null, null);
    assert.equal(await retention().prunedBefore(), pruned_before);
    // A shorter retention raises the mark, a longer one leaves it.
    const raised = (await retention(20).prune(null, null)).pruned_before;
    await retention(300).prune(null, null);
    assert.equal(await retention().prunedBefore(), raised);
  });
});
