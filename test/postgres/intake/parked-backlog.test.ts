/**
 * These tests park many lists, and count what PostgreSQL reads for a plan and for a round. The blocks of a plan do not
 * depend on how many lists are parked. A round reads each list once, and one that it waits for.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SLICE_INTENTS } from '../../../src/domain/intake/slice.js';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { createPool, endPool, type Pool } from '../../../src/postgres/core/pool.js';
import { createParkedLists } from '../../../src/postgres/intake/parked-store.js';
import { useDatabase } from '../support.js';

const FEW = 500;
const MANY = 10 * FEW;
const INTENTS = 20;
const PER_PAGE = SLICE_INTENTS / INTENTS;

describe('a backlog of parked lists', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let pool: Pool;
  before(async () => {
    // All statements run on one connection, which reports what it has read.
    pool = createPool({ url: database.url, min: 0, max: 1 }, () => undefined);
    // A backlog grows faster than it is analyzed.
    for (const table of ['intake_parked', 'intake_parked_keys']) {
      await pool.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
    }
  });
  after(() => endPool(pool));

  /** Parks lists that have a key in common, and keys of their own, one by one as the store does. */
  async function parkMany(partition: string, lists: number, keys = INTENTS): Promise<void> {
    await pool.query(`
      CREATE OR REPLACE FUNCTION pg_temp.park(partition text, n int, keys int, intents int) RETURNS void AS $$
        INSERT INTO intake_parked (event_id, partition, keys, list, intents)
        VALUES (partition || '/' || n, partition, 'hot'::text || ARRAY(SELECT n || '/' || k FROM generate_series(2, keys) k),
          json_build_object('event_id', partition || '/' || n, 'text',
            (SELECT string_agg(md5(n || '/' || k), '') FROM generate_series(1, 100) k)), intents)
      $$ LANGUAGE sql`);
    await pool.query('SELECT pg_temp.park($1, n, $3, $4) FROM generate_series(1, $2::int) n', [
      partition,
      lists,
      keys,
      INTENTS,
    ]);
  }

  /** Returns how many blocks of the tables and their indexes PostgreSQL read for some work. */
  async function blocksOf(work: () => Promise<unknown>): Promise<number> {
    const total = async () => {
      await pool.query('SELECT pg_stat_force_next_flush()');
      const { rows } = await pool.query<{ blocks: number }>(
        `SELECT sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read + COALESCE(toast_blks_hit, 0)
           + COALESCE(toast_blks_read, 0))::int AS blocks
         FROM pg_statio_user_tables WHERE relname LIKE 'intake_parked%'`,
      );
      return rows[0]?.blocks ?? 0;
    };
    const before = await total();
    await work();
    return (await total()) - before;
  }

  /** Takes the pages of a round. `each` says what becomes of their lists. */
  async function round(
    partition: string,
    each: (lists: readonly SliceList[]) => Promise<unknown> = () => Promise.resolve(),
  ) {
    const store = createParkedLists(pool);
    const pages: number[] = [];
    let parked = 0;
    for (let after: number | null = 0; after !== null;) {
      const page: Awaited<ReturnType<typeof store.page>> = await store.page(partition, after);
      pages.push(page.lists.length);
      await each(page.lists);
      ({ parked, next: after } = page);
    }
    return { pages, parked };
  }

  it('costs a round the look at one other list for each list, when all wait behind a page that stays parked', async () => {
    const partition = randomUUID();
    await parkMany(partition, MANY);
    const blocks = await blocksOf(async () => {
      assert.deepEqual(await round(partition), { pages: [PER_PAGE, 0], parked: MANY });
    });
    // A list and the one it waits for are four blocks. Its twenty keys would be sixty.
    assert.ok(blocks <= 7 * MANY, `${blocks} blocks`);
  });

  it('is answered page by page, each at the same cost, when its key is free', async () => {
    const store = createParkedLists(pool);
    const costs: number[] = [];
    for (const lists of [FEW, MANY]) {
      const partition = randomUUID();
      await parkMany(partition, lists, 5);
      const answer = (answered: readonly SliceList[]) => store.remove(answered.map(({ event_id }) => event_id));
      costs.push(
        await blocksOf(async () => {
          const { pages } = await round(partition, answer);
          assert.deepEqual(pages, Array(lists / PER_PAGE).fill(PER_PAGE));
        }),
      );
      assert.deepEqual(await round(partition), { pages: [0], parked: 0 });
    }
    const [few = 0, many = 0] = costs;
    assert.ok(many < 15 * few, `${costs.join(', ')} blocks`);
  });

  it('is read 10,000 lists a page at most, so that no page takes long', async () => {
    const partition = randomUUID();
    await parkMany(partition, 10_150, 1);
    assert.deepEqual(await round(partition), { pages: [PER_PAGE, 0, 0], parked: 10_150 });
  });

  it('costs a plan the same, however many lists are parked, whether it shares a key with them or not', async () => {
    const store = createParkedLists(pool);
    const asked = ['hot', ...Array.from({ length: INTENTS - 1 }, () => randomUUID())];
    const costs: number[] = [];
    for (const lists of [FEW, 10 * MANY]) {
      const partition = randomUUID();
      // The other tests are about tables that were never analyzed, so this one is the last. If all lists have one key,
      // PostgreSQL thinks that it finds any key soon, wherever it looks. A plan reads nothing but the keys.
      await pool.query(
        `INSERT INTO intake_parked_keys SELECT parked_key_hash($1, 'hot'), n FROM generate_series(1, $2::int) n`,
        [partition, lists],
      );
      await pool.query('ANALYZE intake_parked_keys');
      costs.push(
        await blocksOf(async () => {
          assert.deepEqual(await store.findKeys(partition, asked), new Set(['hot']));
        }),
      );
      await pool.query(`DELETE FROM intake_parked_keys WHERE key_hash = parked_key_hash($1, 'hot')`, [partition]);
    }
    // Twenty looks into an index of three levels. With all keys read it is a block for every few lists.
    for (const blocks of costs) assert.ok(blocks <= 3 * INTENTS + 10, `${costs.join(', ')} blocks`);
  });
});
