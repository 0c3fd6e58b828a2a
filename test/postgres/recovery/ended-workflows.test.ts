/** These tests check recoveries beside workflows that ended long ago, which must cost and change nothing. */
import assert from 'node:assert/strict';
import {
  recoverFsmStatesPayload,
  type RecoveredStates,
} from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { LARGEST_PAGE } from '../../../src/domain/values/limits.js';
import { createPool, endPool } from '../../../src/postgres/core/pool.js';
import { until } from '../../../src/flow-control/until.js';
import { encodeCursor, startOf } from '../../../src/postgres/recovery/cursor.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { one, useDatabase } from '../support.js';

const ENDED_LONG_AGO = 20_000;
const WAITING = 2_000;
/** Workflows that ended on each of the last days. */
const ENDED_A_DAY = 500;
const PAGE = 400;

describe('a recovery beside workflows that ended long ago', () => {
  const database = useDatabase();
  const payload = (request: object = {}) => recoverFsmStatesPayload.parse({ recovery_id: 'r', ...request });

  /** Adds states past the trigger, which would take a minute. @param updatedAt SQL of the time of state number `n`. */
  const add = (count: number, state: string, updatedAt: string) =>
    database.pool.query(
      `INSERT INTO fsm_states (workflow_id, current_state, epoch, transition_count, last_transition_at, sequence, updated_at)
       SELECT gen_random_uuid(), $1, 1, 1, now(), nextval('fsm_transitions_sequence'), ${updatedAt}
       FROM generate_series(1, $2::int) n`,
      [state, count],
    );

  before(async () => {
    await add(WAITING, 'WAITING', `now() - INTERVAL '40 days'`);
    for (let day = 0; day < 10; day += 1) {
      await add(ENDED_A_DAY, 'Completed', `now() - ${day} * INTERVAL '1 day' - INTERVAL '1 second'`);
    }
    await add(ENDED_LONG_AGO, 'COMPLETED', `now() - INTERVAL '30 days' + (n % 10) * INTERVAL '1 day'`);
    await database.pool.query('VACUUM ANALYZE fsm_states');
  });

  /**
   * Returns how many rows of `fsm_states` the server fetches for a page. It counts them for good when the connection
   * ends.
   */
  async function fetchedFor(request: object): Promise<number> {
    const before = await fetched();
    const pool = createPool({ url: database.url, min: 0 }, () => undefined);
    const page = await createFsmStateStore(pool).recover(payload(request), LARGEST_PAGE);
    await endPool(pool);
    assert.equal(page.total_recovered, PAGE);
    return until(10_000, async () => {
      const count = (await fetched()) - before;
      assert.ok(count >= PAGE);
      return count;
    });
  }
  const fetched = async (): Promise<number> =>
    (
      await one<{ count: number }>(
        database.pool,
        `SELECT seq_tup_read + idx_tup_fetch AS count FROM pg_stat_user_tables WHERE relname = 'fsm_states'`,
      )
    ).count;
  /** Each stream is read one row further than it is used; and of a first day no more than ended on it. */
  const MOST = PAGE + 20 + ENDED_A_DAY;

  // The shortest time leaves out all that ended.
  for (const since_days of [7, 1, 0.000_001]) {
    it(`reads the newest states and no other, with since_days ${since_days}`, async () => {
      const count = await fetchedFor({ since_days, limit: PAGE });
      assert.ok(count <= MOST, `${count} rows for ${PAGE} states`);
    });

    it(`reads the states of a page by workflow id and no other, with since_days ${since_days}`, async () => {
      for (const after of [null, '80000000-0000-4000-8000-000000000000']) {
        const cursor = encodeCursor({ ...startOf(payload({ since_days })), after });
        const count = await fetchedFor({ since_days, limit: PAGE, cursor });
        assert.ok(count <= MOST, `${count} rows for ${PAGE} states after ${after ?? 'none'}`);
      }
    });
  }

  const recover = (request: object = {}) => createFsmStateStore(database.pool).recover(payload(request), LARGEST_PAGE);
  async function walk(request: object): Promise<string[]> {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: RecoveredStates = await recover({ ...request, cursor });
      ids.push(...Object.keys(page.recovered_states));
      cursor = page.next_cursor;
    } while (cursor !== null);
    return ids;
  }

  // From 92 days on the streams are one.
  for (const [since_days, ended] of [
    [0.5, ENDED_A_DAY],
    [1, ENDED_A_DAY],
    [3.5, 4 * ENDED_A_DAY],
    [7, 7 * ENDED_A_DAY],
    [91, 10 * ENDED_A_DAY + ENDED_LONG_AGO],
    [95, 10 * ENDED_A_DAY + ENDED_LONG_AGO],
  ] as const) {
    it(`gives each workflow that matches once, with since_days ${since_days}`, async () => {
      const ids = await walk({ since_days });
      assert.equal(ids.length, WAITING + ended);
      assert.equal(new Set(ids).size, ids.length);
      const { total_matching } = await recover({ since_days, with_total: true, limit: 1 });
      assert.equal(total_matching, ids.length);
    });
  }

  it('gives what ends by a clock ahead of this one', async () => {
    await add(2, 'FAILED', `now() + INTERVAL '3 days'`);
    await add(1, 'FAILED', `'infinity'`);
    const { recovered_states } = await recover({ states: ['failed'] });
    assert.equal(Object.keys(recovered_states).length, 3);
    await database.pool.query(`DELETE FROM fsm_states WHERE current_state = 'FAILED'`);
  });
});
