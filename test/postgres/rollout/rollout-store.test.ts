/** These tests check the rollout's tables: what is routed, changed, rolled back and counted. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRolloutStore } from '../../../src/postgres/rollout/rollout-store.js';
import type { RoutedObservation } from '../../../src/domain/rollout/port.js';
import { one, useDatabase } from '../support.js';

const HOUR_MS = 3_600_000;

describe('rollout: store', () => {
  const database = useDatabase();
  const store = () => createRolloutStore(database.pool);
  beforeEach(() => database.pool.query('TRUNCATE rollout, rollout_changes, rollout_routes, rollout_outcomes'));

  const observation = (fields: Partial<RoutedObservation> = {}): RoutedObservation => ({
    path: 'new',
    durationMs: 10,
    intents: 4,
    errors: 1,
    publishes: 2,
    publishFailures: 1,
    databaseFailure: false,
    revision: 1,
    ...fields,
  });
  const both = { mayBeNew: true };

  it('routes by the share, to the bucket, and keeps to it whatever is set later', async () => {
    assert.deepEqual(await store().route(randomUUID(), 0, both), { path: 'legacy', revision: 0 }, 'nothing is set yet');
    await store().set(50, 'half', 'me');
    const [below, above] = [randomUUID(), randomUUID()];
    assert.deepEqual(await store().route(below, 4_999, both), { path: 'new', revision: 1 });
    assert.deepEqual(await store().route(above, 5_000, both), { path: 'legacy', revision: 1 });
    assert.deepEqual(await store().route(randomUUID(), 0, { mayBeNew: false }), { path: 'legacy', revision: 1 });
    await store().set(100, 'all', 'me');
    assert.deepEqual(await store().route(above, 5_000, both), { path: 'legacy', revision: 2 });
    assert.deepEqual(await store().route(randomUUID(), 9_999, both), { path: 'new', revision: 2 });
    await store().set(0, 'none', 'me');
    assert.deepEqual(await store().route(below, 4_999, { mayBeNew: false }), { path: 'new', revision: 3 });
    assert.deepEqual(await store().route(randomUUID(), 0, both), { path: 'legacy', revision: 3 });
  });

  it('rolls back what was looked at, and no share that a person has set since', async () => {
    await store().set(100, 'all', 'me');
    const { revision } = await store().state();
    await store().set(50, 'half', 'me');
    assert.equal(await store().rollBack(revision, 'seen before', 'router'), false);
    const { percent, latched, changes } = await store().state();
    assert.deepEqual([percent, latched, changes.length], [50, false, 2]);
  });

  it('rolls back once, of several routers, and is lifted by a person', async () => {
    await store().set(50, 'half', 'me');
    const { revision } = await store().state();
    const done = await Promise.all(['a', 'b', 'c'].map((by) => store().rollBack(revision, 'errors', by)));
    assert.equal(done.filter(Boolean).length, 1);
    const back = await store().state();
    assert.deepEqual([back.percent, back.latched, back.revision], [0, true, revision + 1]);
    assert.equal(await store().rollBack(back.revision, 'again', 'a'), false, 'nothing is left to roll back');
    assert.equal(
      await store().set(100, 'ENABLE_INTENT_PUBLISHER', 'router', true),
      false,
      'a variable does not lift it',
    );
    assert.deepEqual((await store().state()).latched, true);
    assert.equal(await store().set(50, 'mended', 'me'), true);
    const { percent, latched, changes } = await store().state();
    assert.deepEqual([percent, latched], [50, false]);
    assert.deepEqual(
      changes.map((change) => [change.percent, change.latched, change.reason]),
      [
        [50, false, 'mended'],
        [0, true, 'errors'],
        [50, false, 'half'],
      ],
    );
  });

  it('takes a variable for the share as long as none is set', async () => {
    assert.equal(await store().set(10, 'ENABLE_INTENT_PUBLISHER', 'router', true), true);
    assert.equal(await store().set(20, 'ENABLE_INTENT_PUBLISHER', 'router', true), false);
    const { percent, revision, changes } = await store().state();
    assert.deepEqual([percent, revision, changes.length], [10, 1, 1]);
  });

  it('shows the newest 20 changes', async () => {
    for (let percent = 1; percent <= 21; percent += 1) await store().set(percent, `to ${percent}`, 'me');
    const { changes } = await store().state();
    assert.deepEqual(
      changes.map(({ percent }) => percent),
      Array.from({ length: 20 }, (_, n) => 21 - n),
    );
  });

  it('counts a path’s lists of the window, on the new path only those routed since the last change', async () => {
    await store().set(50, 'half', 'me');
    await store().set(60, 'more', 'me');
    await store().record([
      observation({ revision: 2, databaseFailure: true, durationMs: 30 }),
      observation({ revision: 2, durationMs: 20 }),
      observation({ revision: 1, errors: 4 }),
      observation({ path: 'legacy', revision: 1, durationMs: 7 }),
      observation({ revision: 2, intents: 100 }),
    ]);
    await database.pool.query(
      `UPDATE rollout_outcomes SET settled_at = now() - INTERVAL '6 minutes' WHERE intents = 100`,
    );
    const seen = await store().window('new', 300_000, [1_000, 1_000]);
    assert.deepEqual(
      { ...seen, p95Ms: null },
      {
        lists: 4,
        intents: 8,
        errors: 2,
        publishes: 4,
        publishFailures: 2,
        databaseFailures: 1,
        unfinished: 2,
        p95Ms: null,
      },
    );
    assert.ok((seen.p95Ms ?? 0) > 900, 'lists that have not ended count for the latency');
    const { lists, p95Ms } = await store().window('legacy', 300_000);
    assert.deepEqual([lists, p95Ms], [1, 7]);
    assert.deepEqual((await store().window('legacy', 0)).p95Ms, null);
  });

  it('keeps outcomes for an hour, and forgets two old ones for each that comes', async () => {
    await store().record(Array.from({ length: 6 }, () => observation()));
    await database.pool.query(
      `UPDATE rollout_outcomes SET settled_at = now() - $1 * INTERVAL '1 millisecond'
       WHERE id <> (SELECT max(id) FROM rollout_outcomes)`,
      [HOUR_MS + 1_000],
    );
    await database.pool.query(
      `UPDATE rollout_outcomes SET settled_at = now() - $1 * INTERVAL '1 millisecond'
       WHERE id = (SELECT max(id) FROM rollout_outcomes)`,
      [HOUR_MS - 60_000],
    );
    const count = async () =>
      (await one<{ count: number }>(database.pool, 'SELECT count(*)::int AS count FROM rollout_outcomes')).count;
    const left: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      await store().record([observation()]);
      left.push(await count());
    }
    assert.deepEqual(left, [5, 4, 4, 5]);
  });

  it('keeps the legacy latency for when nothing takes that path any more', async () => {
    assert.equal((await store().state()).baselineMs, null);
    await store().set(50, 'half', 'me');
    await store().keepBaseline(12.5);
    await store().set(100, 'all', 'me');
    assert.equal((await store().state()).baselineMs, 12.5);
  });
});
