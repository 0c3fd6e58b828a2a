/** These tests check walks over the states that could lose some of them, or not end. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CURSOR_LENGTH, LARGEST_PAGE } from '../../../src/domain/values/limits.js';
import {
  recoverFsmStatesPayload,
  type RecoveredStates,
} from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { afterFirstPage, encodeCursor, startOf } from '../../../src/postgres/recovery/cursor.js';
import { legacyTransition } from '../schema/legacy.js';
import { useDatabase } from '../support.js';

const COUNT = 60;
/** The number of states that a page holds. */
const LIMIT = 6;

describe('walks over the states', () => {
  const database = useDatabase();
  const workflows = Array.from({ length: COUNT }, () => randomUUID());
  const first = workflows[0] as string;

  beforeEach(async () => {
    await database.pool.query('TRUNCATE fsm_states, fsm_transitions');
    for (const id of workflows) await legacyTransition(database.pool, id, null, 'PENDING');
  });

  const recover = (request: object = {}, maxBytes = LARGEST_PAGE) =>
    createFsmStateStore(database.pool).recover(
      recoverFsmStatesPayload.parse({ recovery_id: 'r', limit: LIMIT, ...request }),
      maxBytes,
    );

  async function walk(between: (page: RecoveredStates, number: number) => Promise<unknown>, request: object = {}) {
    const pages: RecoveredStates[] = [];
    for (let cursor: string | null = null; pages.length < 400;) {
      const page: RecoveredStates = await recover({ ...request, cursor });
      pages.push(page);
      assert.equal(page.truncated, page.next_cursor !== null);
      if (page.next_cursor === null) return pages;
      cursor = page.next_cursor;
      await between(page, pages.length);
    }
    return assert.fail('the walk does not end');
  }
  const idsOf = (pages: readonly RecoveredStates[]) => pages.flatMap((page) => Object.keys(page.recovered_states));
  const move = (id: string, to = 'MOVED') => legacyTransition(database.pool, id, 'PENDING', to);
  /** Workflows that a first page does not hold, in the order in which the other pages have them. */
  const others = workflows.slice(0, -LIMIT).sort() as [string, ...string[]];
  const inOrder = [...workflows.slice(-LIMIT).reverse(), ...others];
  const changed = (cursor: string | null, change: object) => {
    const value = JSON.parse(Buffer.from(cursor ?? '', 'base64url').toString()) as object;
    return Buffer.from(JSON.stringify({ ...value, ...change })).toString('base64url');
  };

  it('give each workflow that waits for its page where it moved to, at its position by id', async () => {
    const waiting = others.slice(2 * LIMIT);
    const pages = await walk((_page, number) =>
      number === 2 ? Promise.all(waiting.map((id) => move(id))) : Promise.resolve(),
    );
    assert.deepEqual(idsOf(pages), inOrder);
    const states = pages.flatMap((page) => Object.entries(page.recovered_states));
    assert.deepEqual(
      states.flatMap(([id, { current_state }]) => (current_state === 'MOVED' ? [id] : [])),
      waiting,
    );
  });

  it('give one of the first page again when it has moved, and is not passed by then', async () => {
    const [newest] = workflows.slice(-1) as [string];
    const pages = await walk((_page, number) => (number === 1 ? move(newest) : Promise.resolve()));
    assert.deepEqual(idsOf(pages), [...inOrder.slice(0, LIMIT), ...[...others, newest].sort()]);
    assert.deepEqual(
      pages.flatMap((page) => page.recovered_states[newest]?.current_state ?? []),
      ['PENDING', 'MOVED'],
    );
  });

  it('end as soon as all are passed, however much moves, and give each once', async () => {
    const pages = await walk(() =>
      database.pool.query(
        `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event)
         SELECT workflow_id, 'workflow_execution', 'BUSY', 'x' FROM fsm_states`,
      ),
    );
    // The workflows of the first page come again, because they have moved.
    assert.deepEqual(idsOf(pages), [...inOrder.slice(0, LIMIT), ...[...workflows].sort()]);
    assert.ok(pages.every((page) => page.warning === undefined));
  });

  it('give what was committed after the first page under a number among its numbers', async () => {
    const late = await database.pool.connect();
    const [last] = others.slice(-1) as [string];
    try {
      await late.query('BEGIN');
      // The late transition's number is between those of the first page. Those are committed before the walk begins.
      for (const [n, id] of workflows.slice(-LIMIT).entries()) {
        if (n === 1) await legacyTransition(late, last, 'PENDING', 'LATE');
        await move(id);
      }
      const pages = await walk((_page, number) => (number === 1 ? late.query('COMMIT') : Promise.resolve()));
      assert.deepEqual(idsOf(pages), inOrder);
      assert.equal(pages.at(-1)?.recovered_states[last]?.current_state, 'LATE');
    } finally {
      await late.query('ROLLBACK');
      late.release();
    }
  });

  it('freeze since_days with the first page: what ended then is not left out of the others', async () => {
    const [ended] = others.slice(-1) as [string];
    // The state is written past the trigger, which would make it one of the newest.
    await database.pool.query(
      `UPDATE fsm_states SET current_state = 'COMPLETED', updated_at = now() - INTERVAL '7 days' + INTERVAL '1 second'
       WHERE workflow_id = $1`,
      [ended],
    );
    const { next_cursor } = await recover();
    await sleep(1_200);
    assert.ok(ended in (await recover({ cursor: next_cursor, limit: COUNT })).recovered_states);
    assert.ok(!(ended in (await recover({ limit: COUNT })).recovered_states), 'a walk of now');
  });

  it('keep a cursor a payload takes, of however many open transactions', () => {
    const row = { workflow_id: first, arrival: Number.MAX_SAFE_INTEGER };
    const start = startOf(recoverFsmStatesPayload.parse({ recovery_id: 'r' }));
    const listed = (n: number) =>
      `5000000000000:5000000009999:${Array.from({ length: n }, (_, i) => 5_000_000_000_000 + i).join(',')}`;
    const longest = afterFirstPage(start, row, listed(104));
    assert.equal(longest.firstPage?.snapshot, listed(104));
    assert.ok(encodeCursor({ ...longest, after: first }).length <= CURSOR_LENGTH / 2);
    const most = afterFirstPage(start, row, listed(1_000));
    assert.equal(most.firstPage?.snapshot, '5000000000000:5000000000000:', 'all of them and later ones unseen');
  });

  it('give the first page again where the server’s numbers are below the cursor’s, as after a restore', async () => {
    const { next_cursor } = await recover();
    const firstPage = { oldest: 1, snapshot: '900000000000:900000000000:' };
    const page = await recover({ cursor: changed(next_cursor, { firstPage }), limit: COUNT });
    assert.deepEqual(Object.keys(page.recovered_states), [...workflows].sort());
  });

  it('go on by workflow id with the cursor of an older version, and give all', async () => {
    const { next_cursor } = await recover();
    const old = changed(next_cursor, { number: 1, seen: null, before: 41, snapshot: '5:9:', firstPage: undefined });
    const page = await recover({ cursor: old, limit: COUNT });
    assert.deepEqual([Object.keys(page.recovered_states), page.next_cursor], [[...workflows].sort(), null]);
  });

  it('refuse a cursor with other filters than it came with, in whatever order', async () => {
    const filters = { states: ['PENDING', 'DONE'], namespaces: ['legacy'], since_days: 30 };
    const { next_cursor: cursor } = await recover(filters);
    const again = await recover({ ...filters, states: ['done', 'pending', 'done'], cursor });
    assert.equal(again.total_recovered, LIMIT);
    for (const other of [{ states: ['PENDING'] }, { states: null }, { namespaces: ['other'] }, { since_days: 7 }]) {
      await assert.rejects(recover({ ...filters, ...other, cursor }), {
        failureClass: 'invalid',
        message: /^cursor: /,
      });
    }
  });

  it('pass over only what no answer can hold, by name', async () => {
    const huge = workflows.slice(-12);
    await database.pool.query(
      `UPDATE fsm_states SET metadata = jsonb_build_object('note', repeat('x', $2)) WHERE workflow_id = ANY ($1::uuid[])`,
      [huge, LARGEST_PAGE],
    );
    const page = await recover({ limit: 20 });
    assert.deepEqual([page.total_recovered, page.failed], [8, 12]);
    const named = [...huge].reverse().slice(0, 10).join(', ');
    assert.equal(page.warning, `left out, because no answer can hold them: ${named} and 2 more`);
  });

  it('stop before a state that is too large for a share of the answer, until it has one of its own', async () => {
    const [before, large] = others.slice(2, 4) as [string, string];
    await database.pool.query(
      `UPDATE fsm_states SET metadata = jsonb_build_object('note', repeat('x', 20000)) WHERE workflow_id = $1`,
      [large],
    );
    const cursor = changed((await recover()).next_cursor, { after: others[1] });
    const page = await recover({ cursor }, 10_000);
    assert.deepEqual([Object.keys(page.recovered_states), page.failed, page.warning], [[before], 0, undefined]);
    const at = await recover({ cursor: page.next_cursor }, 10_000);
    assert.deepEqual([at.total_recovered, at.failed, at.next_cursor], [0, 0, page.next_cursor]);
    assert.match(at.warning ?? '', new RegExp(`^${large} takes 20\\d{3} bytes, more than this page has`));
    const alone = await recover({ cursor: at.next_cursor });
    assert.deepEqual([Object.keys(alone.recovered_states)[0], alone.total_recovered], [large, LIMIT]);
  });

  it('take states in lower case, of legacy writers, for what they are', async () => {
    await move(first, 'completed');
    await move(workflows[1] as string, 'waiting');
    await database.pool.query(
      `UPDATE fsm_states SET updated_at = now() - INTERVAL '30 days' WHERE current_state <> 'PENDING'`,
    );
    const waiting = await recover({ states: ['waiting', 'completed'] });
    assert.deepEqual(idsOf([waiting]), [workflows[1]], 'what ended long ago is forgotten');
    assert.deepEqual(idsOf([await recover({ states: ['completed'], since_days: 60 })]), [first]);
  });
});
