import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { recoverFsmStatesPayload } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { until } from '../../../src/flow-control/until.js';
import { one, onServer } from '../support.js';
import { NONE, step, useCheckedStates } from './checked-states.js';

describe('check of the current states', () => {
  const { database, insert, stateOf, check } = useCheckedStates();

  it('finds every kind of fault by name, and repairs what the history tells', async () => {
    const ids = Array.from({ length: 5 }, () => randomUUID()).sort() as [string, string, string, string, string];
    const [gone, back, epoch, orphan, fine] = ids;
    for (const id of ids) {
      await insert([step(id, 1, 1, 'PENDING'), step(id, 2, 2, 'DONE'), step(id, 1, 3, 'AGAIN')]);
    }
    const before = new Map(await Promise.all(ids.map(async (id) => [id, await stateOf(id)] as const)));
    const run = (sql: string, id: string) => database.pool.query(sql, [id]);
    await run('DELETE FROM fsm_states WHERE workflow_id = $1', gone);
    await run(
      `UPDATE fsm_states SET current_state = 'DONE', transition_count = 2, epoch = 1 WHERE workflow_id = $1`,
      back,
    );
    await run('UPDATE fsm_states SET epoch = 9 WHERE workflow_id = $1', epoch);
    await run('DELETE FROM fsm_transitions WHERE entity_id = $1', orphan);
    // This walk has begun before the states are repaired.
    const store = createFsmStateStore(database.pool);
    const ask = (cursor: string | null) =>
      store.recover(recoverFsmStatesPayload.parse({ recovery_id: 'r', limit: 1, cursor }), 1_000_000);
    const passed = await ask(null);

    const found = await check();
    assert.deepEqual(found.faults, { missing: 1, differs: 2, orphaned: 1 });
    assert.deepEqual(
      found.examples.map(({ workflow_id, fault }) => [workflow_id, fault]),
      [
        [gone, 'missing'],
        [back, 'differs'],
        [epoch, 'differs'],
        [orphan, 'orphaned'],
      ],
    );
    assert.match(found.examples[1]!.stored!, /^DONE after BEFORE, epoch 1, count 2, at 2026-/);
    assert.match(found.examples[1]!.expected!, /^AGAIN after BEFORE, epoch 2, count 1, at 2026-01-01T00:00:03/);
    assert.equal(await stateOf(gone), undefined, 'nothing is repaired unasked');

    const fixed = await check(true);
    assert.deepEqual([fixed.faults, fixed.repaired], [found.faults, 3]);
    for (const id of [gone, back, epoch, fine]) assert.deepEqual(await stateOf(id), before.get(id));
    assert.deepEqual((await check(true)).faults, { ...NONE, orphaned: 1 });
    assert.equal((await check(true)).repaired, 0);

    const seen = new Set<string>();
    for (let cursor = passed.next_cursor; cursor !== null;) {
      const page = await ask(cursor);
      for (const id of Object.keys(page.recovered_states)) seen.add(id);
      cursor = page.next_cursor;
    }
    for (const id of [gone, back, epoch]) assert.ok(seen.has(id), 'a repaired state is walked by');
    await run('DELETE FROM fsm_states WHERE workflow_id = $1', orphan);
  });

  it('leaves an epoch that began at no known time as open as it was: what arrives later has the same epoch', async () => {
    // In the first case the first transition has no time and the others have one. In the second case the first one has
    // a time, too.
    for (const firstAt of [null, 4]) {
      const [repaired, rebuilt, untouched] = [randomUUID(), randomUUID(), randomUUID()];
      const ids = [repaired, rebuilt, untouched];
      for (const id of ids) await insert([step(id, 1, firstAt, 'A'), step(id, 2, 5, 'B')]);
      await database.pool.query('UPDATE fsm_states SET epoch = 9 WHERE workflow_id = $1', [repaired]);
      await database.pool.query('DELETE FROM fsm_states WHERE workflow_id = $1', [rebuilt]);
      assert.equal((await check(true)).repaired, 2);
      // This transition is from before all others, with a higher count, and nobody knows when the first epoch began.
      for (const id of ids) await insert([step(id, 3, 1, 'C')]);
      const places = await Promise.all(
        ids.map(async (id) => {
          const { rows } = await database.pool.query<{ to_state: string; epoch: number; current_state: string }>(
            `SELECT t.to_state, t.epoch, current_state FROM fsm_transitions t JOIN fsm_states ON workflow_id = entity_id
             WHERE entity_id = $1 AND t.transition_count = 3`,
            [id],
          );
          return rows;
        }),
      );
      const { rows: begun } = await database.pool.query(
        'SELECT FROM fsm_states WHERE workflow_id = ANY ($1::uuid[]) AND epoch_started_at IS NOT NULL',
        [ids],
      );
      assert.equal(begun.length, 0);
      for (const place of places) assert.deepEqual(place, [{ to_state: 'C', epoch: 1, current_state: 'C' }]);
    }
  });

  it('gives a later epoch the time at which it began: what is from before stays before', async () => {
    const [repaired, rebuilt, untouched] = [randomUUID(), randomUUID(), randomUUID()];
    const ids = [repaired, rebuilt, untouched];
    for (const id of ids) await insert([step(id, 1, 1, 'A'), step(id, 1, 5, 'B'), step(id, 2, 6, 'C')]);
    await database.pool.query('UPDATE fsm_states SET epoch = 9 WHERE workflow_id = $1', [repaired]);
    await database.pool.query('DELETE FROM fsm_states WHERE workflow_id = $1', [rebuilt]);
    assert.equal((await check(true)).repaired, 2);
    for (const id of ids) await insert([step(id, 3, 2, 'LATE')]);
    for (const id of ids) assert.equal((await stateOf(id))?.['current_state'], 'C');
    assert.deepEqual((await check()).faults, NONE);
  });

  it('repairs beside writers, who are neither lost nor waited for without end', async () => {
    const ids = Array.from({ length: 300 }, () => randomUUID());
    await insert(ids.map((id) => step(id, 1, 1, 'S1')));
    await database.pool.query(`UPDATE fsm_states SET current_state = 'WRONG' WHERE workflow_id = ANY ($1::uuid[])`, [
      ids.slice(0, 200),
    ]);
    await database.pool.query('DELETE FROM fsm_states WHERE workflow_id = ANY ($1::uuid[])', [ids.slice(200)]);
    await Promise.all([
      check(true),
      check(true),
      ...Array.from({ length: 6 }, (_, part) =>
        insert(ids.filter((_id, index) => index % 6 === part).map((id) => step(id, 2, 2, 'S2'))),
      ),
    ]);
    await check(true);
    assert.deepEqual((await check()).faults, NONE);
    const { rows } = await database.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM fsm_states WHERE workflow_id = ANY ($1::uuid[]) AND current_state = 'S2'`,
      [ids],
    );
    assert.equal(rows[0]?.count, 300);
  });

  it('locks in the order of writers, whatever the faults', async () => {
    const [differs, missing] = [randomUUID(), randomUUID()].sort() as [string, string];
    await insert([differs, missing].map((id) => step(id, 1, 1, 'S1')));
    await database.pool.query(`UPDATE fsm_states SET current_state = 'WRONG' WHERE workflow_id = $1`, [differs]);
    await database.pool.query('DELETE FROM fsm_states WHERE workflow_id = $1', [missing]);
    await onServer(async (writer) => {
      const append = (id: string) =>
        writer.query(
          `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_data,
             transition_count) VALUES ($1, 'workflow_execution', 'S1', 'S2', 'test', '{}', 2)`,
          [id],
        );
      await writer.query('BEGIN');
      await append(differs);
      const repaired = check(true);
      await until(10_000, () =>
        one(writer, `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`),
      );
      await append(missing);
      await writer.query('COMMIT');
      await repaired;
    }, database.url);
    await check(true);
    assert.deepEqual((await check()).faults, NONE);
    for (const id of [differs, missing]) assert.equal((await stateOf(id))?.['current_state'], 'S2');
  });

  it('comes to the last workflow, however many there are', async () => {
    // The workflows are more than the 2,000 of a window, because the check once looked at no others after it.
    await database.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event)
       SELECT gen_random_uuid(), 'workflow_execution', NULL, 'PENDING', 'x' FROM generate_series(1, 2001)`,
    );
    const { workflows } = await one<{ workflows: number }>(
      database.pool,
      'SELECT count(DISTINCT entity_id)::int AS workflows FROM fsm_transitions',
    );
    const { last } = await one<{ last: string }>(
      database.pool,
      `UPDATE fsm_states SET current_state = 'WRONG'
       WHERE workflow_id = (SELECT workflow_id FROM fsm_states ORDER BY workflow_id DESC LIMIT 1)
       RETURNING workflow_id AS last`,
    );
    const { checked, faults, repaired, examples } = await check(true);
    assert.deepEqual([checked, faults, repaired], [workflows, { ...NONE, differs: 1 }, 1]);
    assert.deepEqual(
      examples.map(({ workflow_id }) => workflow_id),
      [last],
    );
    assert.notEqual((await stateOf(last))?.['current_state'], 'WRONG');
  });
});
