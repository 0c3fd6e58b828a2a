import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createBridgeStateStore } from '../../../src/postgres/states/bridge-state-store.js';
import { cutOver } from '../../../src/postgres/schema/cut-over.js';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { createPool, endPool, type Pool } from '../../../src/postgres/core/pool.js';
import { until } from '../../../src/flow-control/until.js';
import { LEGACY_TABLES, legacyTransition, legacyUpsert } from './legacy.js';
import { command, MIGRATIONS, onServer, one, useDatabase } from '../support.js';

const ROWS = 1_000;

describe('upgrade of a database with legacy tables', () => {
  const database = useDatabase({
    foreignRows: 'the legacy system writes beside the service',
    prepare: async (url) => {
      await onServer(async (client) => {
        await client.query(LEGACY_TABLES);
        await client.query(
          `INSERT INTO bridge_states SELECT md5(i::text)::uuid, 'ns' || i % 7, i, 2 * i, '{"by": "before"}', 'OLD', '2025-01-01Z'
         FROM generate_series(1, $1) i`,
          [ROWS],
        );
      }, url);
      await migrate(url, { dir: MIGRATIONS });
    },
  });

  const persist = (
    bridge: string,
    namespace: string,
    items: number,
    timestamp: string | null = '2025-10-23T10:00:00Z',
    states = {},
  ) =>
    createBridgeStateStore(database.pool).persist([
      command({
        aggregation_id: bridge,
        aggregated_data: { [namespace]: { total_stamps: items, unique_workflows_count: 1, by: 'us' } },
        fsm_states: states,
        timestamp,
      }),
    ]);
  const rowsOf = async (bridge: string) =>
    (
      await database.pool.query<{ namespace: string; items: number; state: string; by: string }>(
        `SELECT namespace, total_items_aggregated AS items, current_fsm_state AS state, aggregation_metadata ->> 'by' AS by
         FROM bridge_states WHERE bridge_id = $1 ORDER BY namespace`,
        [bridge],
      )
    ).rows;
  /** Sum of all items, number of rows, number of keys. */
  const totals = () =>
    one<{ items: number; rows: number; keys: number }>(
      database.pool,
      `SELECT sum(total_items_aggregated)::bigint AS items, count(*)::int AS rows,
         count(DISTINCT (bridge_id, namespace))::int AS keys FROM bridge_states`,
    );

  it('keeps the rows and widens the totals', async () => {
    assert.deepEqual(await totals(), { items: ROWS * (ROWS + 1), rows: ROWS, keys: ROWS });
    const bridge = randomUUID();
    await legacyUpsert(database.pool, { bridge, namespace: 'wide', items: 2_000_000_000 });
    const { rows } = await legacyUpsert(database.pool, { bridge, namespace: 'wide', items: 2_000_000_000 });
    assert.equal(rows[0]?.total_items_aggregated, 4_000_000_000);
  });

  it('holds many namespaces of a bridge, and shows them under the old name', async () => {
    const bridge = randomUUID();
    await legacyUpsert(database.pool, { bridge, namespace: 'a', items: 1 });
    await persist(bridge, 'b', 2);
    await persist(bridge, 'c', 3);
    await persist(bridge, 'c', 3);
    assert.deepEqual(await rowsOf(bridge), [
      { namespace: 'a', items: 1, state: 'LEGACY', by: 'legacy' },
      { namespace: 'b', items: 2, state: 'UNKNOWN', by: 'us' },
      { namespace: 'c', items: 6, state: 'UNKNOWN', by: 'us' },
    ]);
  });

  it('adds to one row when both write the same key, whoever comes first', async () => {
    const [legacyFirst, weFirst] = [randomUUID(), randomUUID()];
    await legacyUpsert(database.pool, { bridge: legacyFirst, namespace: 'a', items: 1 });
    await persist(legacyFirst, 'a', 10, '2025-10-23T11:00:00Z');
    await legacyUpsert(database.pool, { bridge: legacyFirst, namespace: 'a', items: 100, at: '2025-10-23T09:00:00Z' });
    await persist(legacyFirst, 'a', 1_000, '2025-10-23T08:00:00Z', { w: 'OLDER' });
    // No states of ours: the legacy one is kept; the newest metadata is ours.
    assert.deepEqual(await rowsOf(legacyFirst), [{ namespace: 'a', items: 1_111, state: 'LEGACY', by: 'us' }]);

    await persist(weFirst, 'a', 10, '2025-10-23T09:00:00Z', { w: 'OURS' });
    const { rows } = await legacyUpsert(database.pool, { bridge: weFirst, namespace: 'a', items: 1 });
    assert.equal(rows[0]?.total_items_aggregated, 11);
    assert.deepEqual(await rowsOf(weFirst), [{ namespace: 'a', items: 11, state: 'LEGACY', by: 'legacy' }]);
  });

  it('adds up when a legacy writer moves its row to a namespace of ours', async () => {
    const bridge = randomUUID();
    await legacyUpsert(database.pool, { bridge, namespace: 'a', items: 1 });
    await persist(bridge, 'b', 10);
    const { rows } = await legacyUpsert(database.pool, { bridge, namespace: 'b', items: 100 });
    assert.deepEqual(
      rows.map(({ namespace, total_items_aggregated: items }) => ({ namespace, items })),
      [{ namespace: 'b', items: 111 }],
    );
    assert.equal((await rowsOf(bridge)).length, 1);
    await persist(bridge, 'a', 5);
    assert.deepEqual(
      (await rowsOf(bridge)).map(({ items }) => items),
      [5, 111],
    );
  });

  it('refuses a plain legacy INSERT of a bridge that is there, as before', async () => {
    const bridge = randomUUID();
    const insert = `INSERT INTO bridge_states (bridge_id, namespace, current_fsm_state) VALUES ('${bridge}', 'a', 'S')`;
    await database.pool.query(insert);
    await assert.rejects(database.pool.query(insert), { code: '23505' });
  });

  it('makes one row of two first inserts that cannot see each other', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await legacyUpsert(client, { bridge: a, namespace: 'n', items: 1 });
    await client.query(
      "INSERT INTO bridge_state_rows (bridge_id, namespace, total_items_aggregated, current_fsm_state) VALUES ($1, 'n', 1, 'S')",
      [b],
    );
    const others = [persist(a, 'n', 10), legacyUpsert(database.pool, { bridge: b, namespace: 'n', items: 10 })];
    await delay(100);
    await client.query('COMMIT');
    client.release();
    await Promise.all(others);
    assert.deepEqual(
      [...(await rowsOf(a)), ...(await rowsOf(b))].map(({ items }) => items),
      [11, 11],
    );
  });

  it('counts exactly while both write the same keys at once', async function () {
    this.timeout(60_000);
    const bridges = Array.from({ length: 8 }, () => randomUUID());
    const before = await totals();
    let expected = before.items;
    const pick = <T>(items: readonly T[]) => items[Math.floor(Math.random() * items.length)] as T;
    const retried = async (write: () => Promise<unknown>): Promise<void> => {
      for (;;) {
        try {
          await write();
          return;
        } catch (error) {
          // A victim is rolled back whole; our callers retry it, and so does this one.
          if (
            (error as { failureClass?: string }).failureClass !== 'transient' &&
            (error as { code?: string }).code !== '40P01'
          )
            throw error;
        }
      }
    };
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let i = 0; i < 25; i += 1) {
          const items = 1 + Math.floor(Math.random() * 100);
          const [bridge, namespace] = [pick(bridges), pick(['a', 'b', 'c'])];
          expected += items;
          await retried(() =>
            writer % 2 === 0
              ? legacyUpsert(database.pool, { bridge, namespace, items })
              : persist(bridge, namespace, items),
          );
        }
      }),
    );
    const after = await totals();
    assert.equal(after.items, expected);
    assert.equal(after.rows, after.keys);
  });

  it('gives legacy transitions their versions', async () => {
    const workflow = randomUUID();
    await legacyTransition(database.pool, workflow, null, 'PENDING');
    await legacyTransition(database.pool, workflow, 'PENDING', 'PROCESSING');
    assert.deepEqual(
      await one(
        database.pool,
        'SELECT current_state, previous_state, epoch, transition_count, metadata FROM fsm_states WHERE workflow_id = $1',
        [workflow],
      ),
      {
        current_state: 'PROCESSING',
        previous_state: 'PENDING',
        epoch: 1,
        transition_count: 2,
        metadata: { namespace: 'legacy' },
      },
    );
  });

  it('cuts over while both go on writing, once, and shuts legacy writers out', async function () {
    this.timeout(60_000);
    const before = await totals();
    const [ours, theirs] = [randomUUID(), randomUUID()];
    const added = { ours: 0, theirs: 0 };
    let ended = 0;
    let done = false;
    const writers = Array.from({ length: 4 }, async (_, index) => {
      while (!done) {
        await persist(ours, `ns${index}`, 1);
        added.ours += 1;
      }
    });
    // With its own statement, until that is refused: what was accepted by then is counted.
    const legacyWriters = Array.from({ length: 2 }, async (_, index) => {
      for (;;) {
        try {
          // Each on a row of its own, and both on the bridge of ours.
          const bridge = index === 0 ? theirs : ours;
          await legacyUpsert(database.pool, { bridge, namespace: `legacy${index}`, items: 1 });
          added.theirs += 1;
        } catch (error) {
          if ((error as { code?: string }).code === '40P01') continue;
          assert.equal((error as { code?: string }).code, '42P10');
          ended += 1;
          return;
        }
      }
    });
    const bothWrite = (more: number) => {
      const [wanted, theirWanted] = [added.ours + more, added.theirs + more];
      return until(30_000, () => {
        assert.ok(added.ours >= wanted && (added.theirs >= theirWanted || ended === legacyWriters.length));
        return Promise.resolve();
      });
    };
    await bothWrite(5);
    assert.equal(ended, 0);
    const { moved } = await cutOver(database.pool);
    await Promise.all(legacyWriters);
    await bothWrite(5);
    done = true;
    await Promise.all(writers);
    assert.ok(moved > 0);
    const after = await totals();
    assert.equal(after.items, before.items + added.ours + added.theirs);
    assert.equal(after.rows, after.keys);
    await persist(ours, 'after', 1);
    assert.deepEqual(await cutOver(database.pool), { moved: 0 });
    await assert.rejects(legacyUpsert(database.pool, { bridge: ours, namespace: 'x', items: 1 }), { code: '42P10' });
  });
});

describe('cut-over of a fresh database', () => {
  const database = useDatabase();
  it('has nothing to do', async () => {
    assert.deepEqual(await cutOver(database.pool), { moved: 0 });
  });
});

describe('cut-over of a large table', () => {
  const database = useDatabase();
  let pool: Pool;
  before(async () => {
    // Takes longer than a statement of the pool may; another try is refused for good, or it would be made for half an hour.
    await database.pool.query(
      `CREATE SCHEMA slow;
       CREATE SEQUENCE slow.tries;
       CREATE FUNCTION slow.bridge_cut_over() RETURNS BIGINT LANGUAGE plpgsql AS
         'BEGIN
            IF nextval(''slow.tries'') > 1 THEN RAISE EXCEPTION ''the first try was cancelled''; END IF;
            PERFORM pg_sleep(0.6);
            RETURN 7;
          END'`,
    );
    const url = new URL(database.url);
    url.searchParams.set('options', '-c search_path=slow,public');
    pool = createPool({ connectionString: url.href, statementTimeoutMs: 200, min: 0 }, () => undefined);
  });
  after(() => endPool(pool));

  it('is given more time than a statement has', async () => {
    assert.deepEqual(await cutOver(pool), { moved: 7 });
  });
});
