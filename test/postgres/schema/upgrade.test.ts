import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { legacyTransition, legacyUpsert } from './legacy.js';
import { one } from '../support.js';
import { LEGACY_ROWS as ROWS, useLegacyDatabase } from './legacy-database.js';

describe('upgrade of a database with legacy tables', () => {
  const { database, persist, rowsOf, totals } = useLegacyDatabase();

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
    // Our newest write has no states, so that the legacy one is kept. The newest metadata is ours.
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
          // The victim of a deadlock is rolled back as a whole. Our callers retry it, and so does this writer.
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
});
