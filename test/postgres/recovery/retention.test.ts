/** These tests check which transitions and states a prune deletes, and that the rest stays whole. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { FsmPruned } from '../../../src/domain/recovery/retention.js';
import { createPool } from '../../../src/postgres/core/pool.js';
import { createFsmRetention } from '../../../src/postgres/recovery/retention.js';
import { until } from '../../../src/flow-control/until.js';
import { checkStates } from '../../../src/postgres/states/state-check.js';
import { onServer, one, useDatabase } from '../support.js';

/** Rows of a table that pruning deletes in one transaction. */
const PAGE = 5_000;
const NO_FAULTS = { missing: 0, differs: 0, orphaned: 0 };

describe('pruning of transitions and states', () => {
  const database = useDatabase();
  const retention = (days = 30) => createFsmRetention(database.pool, days);
  beforeEach(() => database.pool.query('TRUNCATE fsm_states, fsm_transitions'));
  afterEach(async () => {
    assert.deepEqual((await checkStates(database.pool, { fix: false })).faults, NO_FAULTS);
  });

  /** Adds a transition that arrived so many days ago. */
  const arrive = (
    workflow: string,
    daysAgo: number,
    to: string,
    count: number | null = null,
    at: string | null = null,
  ) =>
    database.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_count, transition_at, created_at)
       VALUES ($1, 'workflow_execution', $2, 'x', $3, $4, now() - $5 * INTERVAL '1 day')`,
      [workflow, to, count, at, daysAgo],
    );
  const arriveAll = async (workflow: string, ...steps: [daysAgo: number, to: string][]) => {
    for (const [daysAgo, to] of steps) await arrive(workflow, daysAgo, to);
    return workflow;
  };
  const history = async (workflow: string): Promise<string[]> =>
    (
      await database.pool.query<{ to_state: string }>(
        'SELECT to_state FROM fsm_transitions WHERE entity_id = $1 ORDER BY sequence',
        [workflow],
      )
    ).rows.map(({ to_state }) => to_state);
  const stateOf = async (workflow: string) =>
    (
      await database.pool.query<{ state: string; epoch: number; count: number }>(
        'SELECT current_state AS state, epoch, transition_count AS count FROM fsm_states WHERE workflow_id = $1',
        [workflow],
      )
    ).rows[0];
  async function pruneAll(days = 30) {
    const pages: FsmPruned[] = [];
    let [before, after]: [string | null, string | null] = [null, null];
    do {
      const page: FsmPruned = await retention(days).prune(before, after);
      pages.push(page);
      [before, after] = [page.pruned_before, page.next];
    } while (after !== null && pages.length < 9);
    return pages;
  }
  const counts = ({ states_deleted, transitions_deleted }: FsmPruned) => [states_deleted, transitions_deleted];

  it('keeps the newest transition of a workflow that has not ended, and the young ones', async () => {
    const waiting = await arriveAll(randomUUID(), [50, 'A'], [45, 'B'], [40, 'C']);
    const moving = await arriveAll(randomUUID(), [50, 'A'], [40, 'B'], [20, 'C'], [1, 'D']);
    const [page] = await pruneAll();
    assert.deepEqual(counts(page!), [0, 4]);
    assert.deepEqual([await history(waiting), await history(moving)], [['C'], ['C', 'D']]);
    assert.deepEqual(await stateOf(waiting), { state: 'C', epoch: 1, count: 3 });
    await arrive(waiting, 0, 'D');
    assert.deepEqual(await stateOf(waiting), { state: 'D', epoch: 1, count: 4 });
  });

  it('keeps the newest by version, not the last that arrived', async () => {
    const workflow = randomUUID();
    await arrive(workflow, 50, 'B', 2, '2026-01-02T00:00:00Z');
    await arrive(workflow, 45, 'A', 1, '2026-01-01T00:00:00Z');
    await pruneAll();
    assert.deepEqual([await history(workflow), (await stateOf(workflow))?.state], [['B'], 'B']);
  });

  it('deletes workflows that ended, in whatever letters, with all transitions, and no others', async () => {
    const ended = await arriveAll(randomUUID(), [50, 'A'], [40, 'completed']);
    await database.pool.query('UPDATE fsm_transitions SET created_at = NULL WHERE entity_id = $1 AND to_state = $2', [
      ended,
      'A',
    ]);
    const lately = await arriveAll(randomUUID(), [50, 'A'], [29, 'FAILED']);
    const restarted = await arriveAll(randomUUID(), [50, 'COMPLETED'], [40, 'A']);
    const withLate = await arriveAll(randomUUID(), [50, 'COMPLETED']);
    await arrive(withLate, 1, 'A', 1, '2020-01-01T00:00:00Z');
    assert.equal((await stateOf(withLate))?.state, 'COMPLETED');
    const [page] = await pruneAll();
    assert.deepEqual(counts(page!), [1, 4]);
    assert.deepEqual([await history(ended), await stateOf(ended)], [[], undefined]);
    assert.deepEqual([await history(lately), await history(restarted)], [['FAILED'], ['A']]);
    assert.deepEqual(await history(withLate), ['COMPLETED', 'A'], 'something came to it lately');
  });

  it('deletes what one page does not hold in several, the workflows last', async () => {
    await database.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, created_at)
       SELECT md5(w::text)::uuid, 'workflow_execution', CASE n WHEN 1 THEN 'A' ELSE 'COMPLETED' END, 'x', '2026-01-01T00:00:00Z'
       FROM generate_series(1, $1::int) w, generate_series(1, 2) n ORDER BY n`,
      [PAGE + 2],
    );
    const pages = await pruneAll();
    assert.deepEqual(pages.map(counts), [
      [0, PAGE],
      [PAGE, 2 + PAGE],
      [2, 2],
    ]);
    assert.ok(pages.every(({ pruned_before }) => pruned_before === pages[0]?.pruned_before));
    const left = await one(database.pool, 'SELECT count(*)::int FROM fsm_transitions');
    assert.deepEqual(left, { count: 0 });
  });

  it('keeps what arrived at the time itself, and what is younger than the retention, whoever asks', async () => {
    const before = '2026-01-01T00:00:00.000000Z';
    const at = (workflow: string, time: string) =>
      database.pool.query(
        `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, created_at)
         VALUES ($1, 'workflow_execution', 'COMPLETED', 'x', $2)`,
        [workflow, time],
      );
    const [same, older, young] = [randomUUID(), randomUUID(), await arriveAll(randomUUID(), [29, 'COMPLETED'])];
    await at(same, before);
    await at(older, '2025-12-31T23:59:59.999999Z');
    await retention().prune(before, null);
    assert.deepEqual([await history(older), await history(same)], [[], ['COMPLETED']]);
    const { pruned_before } = await retention().prune(new Date().toISOString(), null);
    assert.ok(Date.parse(pruned_before ?? '') < Date.now() - 29.9 * 86_400_000);
    assert.deepEqual([await history(same), await history(young)], [[], ['COMPLETED']]);
  });

  it('deletes nothing with a retention of 0, and nothing of what is no workflow', async () => {
    const ended = await arriveAll(randomUUID(), [50, 'COMPLETED']);
    await database.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, created_at)
       VALUES ($1, 'node', 'DOWN', 'x', now() - INTERVAL '50 days')`,
      [ended],
    );
    assert.deepEqual(await pruneAll(0), [
      { states_deleted: 0, transitions_deleted: 0, pruned_before: null, next: null },
    ]);
    await pruneAll();
    assert.deepEqual(await history(ended), ['DOWN']);
  });

  it('leaves a workflow that somebody has locked to the next time, and waits for none', async () => {
    const [locked, free] = [
      await arriveAll(randomUUID(), [50, 'COMPLETED']),
      await arriveAll(randomUUID(), [50, 'FAILED']),
    ];
    const impatient = createPool({ url: database.url, min: 0, statementTimeoutMs: 5_000 }, () => undefined);
    await onServer(async (holder) => {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM fsm_states WHERE workflow_id = $1 FOR NO KEY UPDATE', [locked]);
      const page = await createFsmRetention(impatient, 30).prune(null, null);
      assert.deepEqual([counts(page), page.next], [[1, 1], null]);
      await holder.query('ROLLBACK');
    }, database.url).finally(() => impatient.end());
    assert.deepEqual([await history(free), await history(locked)], [[], ['COMPLETED']]);
    assert.deepEqual(counts((await pruneAll())[0]!), [1, 1]);
  });

  it('keeps all transitions of a state that was repaired, until the next one', async () => {
    const repaired = await arriveAll(randomUUID(), [50, 'A'], [40, 'B']);
    await database.pool.query(`UPDATE fsm_states SET current_state = 'WRONG' WHERE workflow_id = $1`, [repaired]);
    assert.equal((await checkStates(database.pool, { fix: true })).repaired, 1);
    await pruneAll();
    assert.deepEqual(await history(repaired), ['A', 'B']);
    await arrive(repaired, 0, 'C');
    await pruneAll();
    assert.deepEqual(await history(repaired), ['C']);
  });

  it('lets a transition that comes to a pruned workflow begin it anew', async () => {
    const workflow = await arriveAll(randomUUID(), [50, 'A'], [40, 'B'], [35, 'COMPLETED']);
    await pruneAll();
    await arrive(workflow, 0, 'B', 2, '2026-01-01T00:00:00Z');
    assert.deepEqual(await stateOf(workflow), { state: 'B', epoch: 1, count: 2 });
    await arrive(workflow, 0, 'COMPLETED', 3, '2026-01-02T00:00:00Z');
    assert.deepEqual(await stateOf(workflow), { state: 'COMPLETED', epoch: 1, count: 3 });
  });

  it('leaves every state with its history beside writers of the same workflows', async function () {
    this.timeout(60_000);
    const workflows = Array.from({ length: 12 }, () => randomUUID());
    const pick = <T>(items: readonly T[]) => items[Math.floor(Math.random() * items.length)] as T;
    const ended = await arriveAll(randomUUID(), [60, 'COMPLETED']);
    let writing = true;
    const prunes = [1, 2].map(async () => {
      let deleted = 0;
      do deleted += (await retention().prune(null, null)).states_deleted;
      while (writing);
      return deleted;
    });
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let n = 0; n < 150; n += 1) await arrive(pick(workflows), pick([60, 40, 1]), pick(['COMPLETED', 'A']));
      }),
    );
    writing = false;
    const deleted = await Promise.all(prunes);
    assert.ok(deleted[0]! + deleted[1]! > 0, 'no workflow was pruned');
    assert.deepEqual(await history(ended), []);
  });

  it('takes turns with another prune, which has deleted transitions that this one would delete', async () => {
    const workflow = await arriveAll(randomUUID(), [60, 'A'], [50, 'COMPLETED']);
    let other: Promise<number> | undefined;
    await onServer(async (first) => {
      await first.query('BEGIN');
      await first.query(`SELECT pg_advisory_xact_lock(hashtext('fsm_states'))`);
      await first.query(`DELETE FROM fsm_transitions WHERE entity_id = $1 AND to_state = 'A'`, [workflow]);
      other = retention()
        .prune(null, null)
        .then(({ states_deleted }) => states_deleted);
      // The other one waits, and has not locked what this one goes on to delete.
      await until(10_000, () => one(database.pool, `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`));
      await first.query(`SET LOCAL lock_timeout = '1s'`);
      await first.query('DELETE FROM fsm_states WHERE workflow_id = $1', [workflow]);
      await first.query('DELETE FROM fsm_transitions WHERE entity_id = $1', [workflow]);
      await first.query('COMMIT');
    }, database.url);
    assert.equal(await other, 0);
  });

  it('says how much is kept, and how late the oldest workflow is that may go', async () => {
    assert.equal((await retention().size()).lagSeconds, 0);
    await arriveAll(randomUUID(), [100, 'WAITING']);
    await arriveAll(randomUUID(), [33, 'COMPLETED']);
    await arriveAll(randomUUID(), [35, 'COMPLETED']);
    const { lagSeconds, bytes } = await retention().size();
    assert.ok(Math.abs(lagSeconds - 5 * 86_400) < 60, `of the oldest: ${lagSeconds}`);
    assert.ok(bytes > 8_192);
    assert.equal((await retention(0).size()).lagSeconds, 0, 'nothing is late that is kept for ever');
    await pruneAll();
    assert.equal((await retention().size()).lagSeconds, 0);
  });
});
