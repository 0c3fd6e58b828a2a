import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  recoverFsmStatesPayload,
  type RecoveredStates,
} from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { createPool, endPool, type Pool } from '../../../src/postgres/core/pool.js';
import { until } from '../../../src/flow-control/until.js';
import { forgetWorkflows } from '../../support/forget-workflows.js';
import { legacyTransition } from '../schema/legacy.js';
import { one, type TestDatabase, useDatabase } from '../support.js';

const COUNT = 300;
const MEGABYTE = 1_000_000;

describe('recovery of fsm states', () => {
  const database = useDatabase();
  const workflows = Array.from({ length: COUNT }, () => randomUUID());

  before(async () => {
    await database.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_data, created_at, transition_at)
       SELECT id, 'workflow_execution', 'PENDING', CASE WHEN n % 2 = 0 THEN 'COMPLETED' ELSE 'PROCESSING' END, 'x',
         jsonb_build_object('metadata', jsonb_build_object('namespace', 'ns' || n % 3)),
         NOW() - CASE WHEN n <= 100 THEN INTERVAL '30 days' ELSE INTERVAL '1 hour' END, '2025-10-23T12:00:00.123456+02:00'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, n) ORDER BY n`,
      [workflows],
    );
  });

  const recover = (request: object = {}, maxBytes = MEGABYTE) =>
    createFsmStateStore(database.pool).recover(
      recoverFsmStatesPayload.parse({ recovery_id: 'r', ...request }),
      maxBytes,
    );

  async function walk(request: object, maxBytes = MEGABYTE, between?: (page: number) => Promise<unknown>) {
    const pages: RecoveredStates[] = [];
    for (let cursor: string | null = null; pages.length < 100;) {
      const page: RecoveredStates = await recover({ ...request, cursor }, maxBytes);
      pages.push(page);
      assert.equal(page.truncated, page.next_cursor !== null);
      if (page.next_cursor === null) return pages;
      cursor = page.next_cursor;
      await between?.(pages.length);
    }
    return assert.fail('the walk does not end');
  }
  const idsOf = (pages: readonly RecoveredStates[]) => pages.flatMap((page) => Object.keys(page.recovered_states));

  it('answers newest first, leaving out what ended before since_days, never what did not end', async () => {
    const page = await recover();
    const expected = workflows.filter((_, i) => i >= 100 || (i + 1) % 2 === 1).reverse();
    assert.deepEqual(idsOf([page]), expected);
    assert.deepEqual([page.total_recovered, page.failed, page.truncated, page.next_cursor], [250, 0, false, null]);
    assert.deepEqual(page.recovered_states[workflows[299] as string], {
      current_state: 'COMPLETED',
      previous_state: 'PENDING',
      epoch: 1,
      transition_count: 1,
      arrival: COUNT,
      metadata: { namespace: 'ns0' },
      last_transition_at: '2025-10-23T10:00:00.123456Z',
    });
    assert.equal((await recover({ since_days: 60 })).total_recovered, COUNT);
  });

  it('forgets an old workflow that has ended, however it did, and none that has not', async () => {
    const ended = ['COMPLETED', 'FAILED', 'CANCELLED', 'CANCELED', 'TERMINATED', 'TIMED_OUT', 'ABORTED', 'timed_out'];
    const { rows } = await database.pool.query<{ entity_id: string; to_state: string }>(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_data, created_at)
       SELECT gen_random_uuid(), 'workflow_execution', state, 'x', '{"metadata": {"namespace": "ends"}}', NOW() - INTERVAL '30 days'
       FROM unnest($1::text[]) AS state RETURNING entity_id, to_state`,
      [[...ended, 'WAITING']],
    );
    const waiting = rows.filter(({ to_state }) => to_state === 'WAITING').map(({ entity_id }) => entity_id);
    assert.deepEqual(idsOf([await recover({ namespaces: ['ends'] })]), waiting);
    assert.equal((await recover({ namespaces: ['ends'], since_days: 60 })).total_recovered, ended.length + 1);
    // The other tests count.
    await forgetWorkflows(
      database.pool,
      rows.map((row) => row.entity_id),
    );
  });

  it('counts all that matches, when asked, on any page', async () => {
    const first = await recover({ limit: 7, states: ['PROCESSING'], with_total: true });
    const second = await recover({ limit: 7, states: ['PROCESSING'], with_total: true, cursor: first.next_cursor });
    assert.deepEqual([first.total_matching, second.total_matching], [150, 150]);
    assert.equal('total_matching' in (await recover()), false);
  });

  it('filters by state and namespace', async () => {
    assert.equal((await recover({ states: ['completed'] })).total_recovered, 100);
    const page = await recover({ namespaces: ['ns1', 'ns2'], states: ['PROCESSING'], since_days: 60 });
    assert.equal(page.total_recovered, 100);
  });

  it('walks all pages, every workflow once', async () => {
    const pages = await walk({ limit: 7, since_days: 60 });
    assert.equal(pages.length, Math.ceil(COUNT / 7));
    assert.deepEqual(idsOf(pages), [...workflows].reverse());
  });

  it('cuts a page to its bytes', async () => {
    const pages = await walk({ since_days: 60 }, 5_000);
    assert.ok(pages.length > 5);
    assert.ok(pages.every((page) => JSON.stringify(page.recovered_states).length <= 5_000));
    assert.deepEqual(idsOf(pages), [...workflows].reverse());
  });

  it('loses no workflow that moves during the walk, nor one whose transaction was open when the walk passed', async () => {
    const client = await database.pool.connect();
    const [moves, open] = [workflows[10] as string, workflows[12] as string];
    await client.query('BEGIN');
    // Draws its number before the first page is read, and commits after.
    await legacyTransition(client, open, 'PROCESSING', 'OPEN');
    await legacyTransition(database.pool, workflows[290] as string, 'PROCESSING', 'NEWEST');
    const pages = await walk({ limit: 50, since_days: 60 }, MEGABYTE, async (page) => {
      if (page === 2) await legacyTransition(database.pool, moves, 'PROCESSING', 'MOVED');
      if (page === 3) await client.query('COMMIT');
    });
    client.release();
    const seen = Object.assign(
      {},
      ...pages.map((page) => page.recovered_states),
    ) as RecoveredStates['recovered_states'];
    assert.equal(Object.keys(seen).length, COUNT);
    assert.deepEqual([seen[moves]?.current_state, seen[open]?.current_state], ['MOVED', 'OPEN']);
  });

  it('refuses an invalid cursor', async () => {
    await assert.rejects(recover({ cursor: 'nonsense' }), { failureClass: 'invalid', message: /cursor/ });
  });
});

/**
 * Makes states, and a pool that reads them by the index, newest first, through a view that stops at a row of its choosing.
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
  return createPool({ connectionString: watched.href, min: 0, ...options }, () => undefined);
}

describe('recovery while PostgreSQL is slow', () => {
  const STATES = 3_000;
  const SLOW_AT = 200;
  const database = useDatabase();
  let pool: Pool;

  before(async () => {
    // One row takes ten seconds to read, and one that moved.
    pool = await watchRows(database, STATES, {
      onRow: `IF at = ${SLOW_AT} OR at > ${STATES} THEN PERFORM pg_sleep(10); END IF;`,
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
    // Read in full, whatever is slow.
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

  it('goes on when it cannot say in time whether something moved, and gives what did', async () => {
    const fast = createFsmStateStore(database.pool);
    const read = (request: object) => recoverFsmStatesPayload.parse({ recovery_id: 'r', ...request });
    // All but what is older than the row that is slow.
    const first = await fast.recover(read({ limit: STATES - SLOW_AT + 1 }), MEGABYTE);
    const moves = Object.keys(first.recovered_states)[0] ?? '';
    await legacyTransition(database.pool, moves, 'PROCESSING', 'MOVED');
    const page = await recover({ cursor: first.next_cursor });
    assert.deepEqual([page.total_recovered, page.truncated], [SLOW_AT - 1, true]);
    assert.match(page.warning ?? '', /timed out looking for workflows that moved meanwhile/);
    const { recovered_states, next_cursor } = await fast.recover(read({ cursor: page.next_cursor }), MEGABYTE);
    assert.deepEqual(
      Object.entries(recovered_states).map(([id, { current_state }]) => [id, current_state]),
      [[moves, 'MOVED']],
    );
    assert.equal(next_cursor, null);
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
  /** In the first statement, which reads 2,500: newest first. */
  const HELD_AT = 1_000;
  const LOCK = 7;
  const database = useDatabase();
  let pool: Pool;

  before(async () => {
    // The row is read when nobody has the lock.
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
      // The walk ends with this page: who is not in it is in none.
      assert.deepEqual([page.total_recovered, page.next_cursor], [COUNT, null]);
      assert.equal(page.recovered_states[oldest]?.current_state, 'PROCESSING', 'as it was when the page began');
    } finally {
      await holder.query('SELECT pg_advisory_unlock_all()');
      holder.release();
    }
  });
});
