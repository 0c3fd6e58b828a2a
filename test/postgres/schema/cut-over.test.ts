import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cutOver } from '../../../src/postgres/schema/cut-over.js';
import { createPool, endPool, type Pool } from '../../../src/postgres/core/pool.js';
import { until } from '../../../src/flow-control/until.js';
import { legacyUpsert } from './legacy.js';
import { useDatabase } from '../support.js';
import { useLegacyDatabase } from './legacy-database.js';

describe('cut-over of a database with legacy tables', () => {
  const { database, persist, totals } = useLegacyDatabase();

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
    // The legacy writers write with their own statement until it is refused. Every write that was accepted by then is
    // counted.
    const legacyWriters = Array.from({ length: 2 }, async (_, index) => {
      for (;;) {
        try {
          // Each legacy writer has a row of its own. The second one's is on the bridge that our writers write to as
          // well.
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
    // The cut-over takes longer than a statement of the pool may. A second call of it fails for good, or it would be
    // repeated for half an hour.
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
    pool = createPool({ url: url.href, statementTimeoutMs: 200, min: 0 }, () => undefined);
  });
  after(() => endPool(pool));

  it('is given more time than a statement has', async () => {
    assert.deepEqual(await cutOver(pool), { moved: 7 });
  });
});
