/**
 * These tests check pages of states that PostgreSQL reads slowly, or in several statements. A walk must not lose the
 * states that such a page leaves out.
 */
import assert from 'node:assert/strict';
import { recoverFsmStatesPayload } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { createPool, endPool, type Pool } from '../../../src/postgres/core/pool.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { until } from '../../../src/flow-control/until.js';
import { legacyTransition } from '../schema/legacy.js';
import { one, type TestDatabase, useDatabase } from '../support.js';

const MEGABYTE = 1_000_000;

/**
 * Makes states, and a pool that reads them by the index, newest first. The pool reads through a view that runs `onRow`
 * for each row, so that a read can stop at a chosen one.
 * @param given.onRow PL/pgSQL that is run for each row; `at` is its sequence, from 1.
 */
async function watchRows(
  { url, pool }: TestDatabase,
  states: number,
  given: { readonly onRow: string; readonly statementTimeoutMs?: number },
): Promise<Pool> {
  const { onRow, ...options } = given;
  await pool.query(
    `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event)
     SELECT gen_random_uuid(), 'workflow_execution', 'PROCESSING', 'x' FROM generate_series(1, ${states})`,
  );
  await pool.query(
    `CREATE SCHEMA watched;
     CREATE FUNCTION watched.passes(at BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql VOLATILE AS
       'BEGIN ${onRow} RETURN true; END';
     CREATE VIEW watched.fsm_states AS SELECT * FROM public.fsm_states WHERE watched.passes(sequence)`,
  );
  const watched = new URL(url);
  watched.searchParams.set('options', '-c search_path=watched,public -c enable_seqscan=off -c enable_sort=off');
  return createPool({ url: watched.href, min: 0, ...options }, () => undefined);
}

describe('recovery while PostgreSQL is slow', () => {
  const STATES = 3_000;
  const SLOW_AT = 200;
  const database = useDatabase();
  let pool: Pool;

  before(async () => {
    // One row takes ten seconds to read.
    pool = await watchRows(database, STATES, {
      onRow: `IF at = ${SLOW_AT} THEN PERFORM pg_sleep(10); END IF;`,
      statementTimeoutMs: 1_000,
    });
  });
  after(() => endPool(pool));

  const recover = (request: object = {}) =>
    createFsmStateStore(pool).recover(recoverFsmStatesPayload.parse({ recovery_id: 'r', ...request }), MEGABYTE);

  it('answers what it read before a time-out, says so, and goes on after it', async () => {
    const page = await recover({ with_total: true });
    assert.deepEqual([page.total_recovered, page.truncated, page.total_matching], [2_500, true, undefined]);
    assert.match(page.warning ?? '', /timed out after 2500 states.*timed out counting/);
    // The rest is read by the usual pool, for which no row is slow.
    const rest = await createFsmStateStore(database.pool).recover(
      recoverFsmStatesPayload.parse({ recovery_id: 'r', cursor: page.next_cursor }),
      MEGABYTE,
    );
    const seen = new Set([...Object.keys(page.recovered_states), ...Object.keys(rest.recovered_states)]);
    assert.deepEqual([rest.total_recovered, seen.size, 'warning' in rest], [500, 3_000, false]);
  });

  it('answers an empty page with the same cursor when nothing could be read', async () => {
    const { next_cursor: cursor } = await recover({ limit: 1 });
    const locker = await database.pool.connect();
    try {
      await locker.query('BEGIN; LOCK TABLE public.fsm_states IN ACCESS EXCLUSIVE MODE');
      const page = await recover({ cursor });
      assert.deepEqual([page.total_recovered, page.truncated, page.next_cursor], [0, true, cursor]);
      assert.match(page.warning ?? '', /timed out after 0 states/);
    } finally {
      await locker.query('ROLLBACK');
      locker.release();
    }
  });

  it('fails when the connection dies', async () => {
    const locker = await database.pool.connect();
    try {
      await locker.query('BEGIN; LOCK TABLE public.fsm_states IN ACCESS EXCLUSIVE MODE');
      const dead = assert.rejects(recover(), { failureClass: 'unavailable' });
      await until(5_000, async () => {
        const { rowCount } = await locker.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`,
        );
        assert.ok(rowCount === 1);
      });
      await dead;
    } finally {
      await locker.query('ROLLBACK');
      locker.release();
    }
  });
});

describe('recovery of a page that takes several statements', () => {
  const COUNT = 2_600;
  /** Sequence of the row at which the read waits. The first statement reads it, with the newest 2,500. */
  const HELD_AT = 1_000;
  const LOCK = 7;
  const database = useDatabase();
  let pool: Pool;

  before(async () => {
    // The read of this row waits until nobody has the lock.
    const onRow = `IF at = ${HELD_AT} THEN PERFORM pg_advisory_xact_lock_shared(${LOCK}); END IF;`;
    pool = await watchRows(database, COUNT, { onRow });
  });
  after(() => endPool(pool));

  it('has the workflow that moves between two of them', async () => {
    const { workflow_id: oldest } = await one<{ workflow_id: string }>(
      database.pool,
      'SELECT workflow_id FROM fsm_states ORDER BY sequence LIMIT 1',
    );
    const holder = await database.pool.connect();
    try {
      await holder.query(`SELECT pg_advisory_lock(${LOCK})`);
      const answer = createFsmStateStore(pool).recover(
        recoverFsmStatesPayload.parse({ recovery_id: 'r', limit: COUNT }),
        MEGABYTE,
      );
      await until(5_000, async () => {
        const { rowCount } = await holder.query(
          `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        assert.equal(rowCount, 1);
      });
      await legacyTransition(database.pool, oldest, 'PROCESSING', 'MOVED');
      await holder.query(`SELECT pg_advisory_unlock(${LOCK})`);
      const page = await answer;
      // The walk ends with this page. A workflow that is not in it is in no page.
      assert.deepEqual([page.total_recovered, page.next_cursor], [COUNT, null]);
      assert.equal(page.recovered_states[oldest]?.current_state, 'PROCESSING', 'as it was when the page began');
    } finally {
      await holder.query('SELECT pg_advisory_unlock_all()');
      holder.release();
    }
  });
});
