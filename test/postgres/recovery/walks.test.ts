/** Walks over the states that would lose some, or not end. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { CURSOR_LENGTH, LARGEST_PAGE } from '../../../src/domain/values/limits.js';
import {
  recoverFsmStatesPayload,
  type RecoveredStates,
} from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { encodeCursor, firstPhase, restOf } from '../../../src/postgres/recovery/cursor.js';
import { legacyTransition } from '../schema/legacy.js';
import { onServer, useDatabase } from '../support.js';

const COUNT = 60;
/** A page holds six. */
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
  const phaseOf = (cursor: string | null) =>
    JSON.parse(Buffer.from(cursor ?? '', 'base64url').toString()) as Record<string, unknown>;

  it('end after a restore, whose rows are numbered by another server, and see what moves', async () => {
    // A dump's numbers, above all there will be here for long.
    await database.pool.query(
      `UPDATE fsm_states SET moved_by = (pg_current_xact_id()::text::bigint + 1000000000)::text::xid8`,
    );
    const pages = await walk((_page, number) => (number === 8 ? move(workflows[59] as string) : Promise.resolve()));
    assert.deepEqual(idsOf(pages), [...[...workflows].reverse(), workflows[59]]);
    assert.equal(pages.at(-1)?.recovered_states[workflows[59] as string]?.current_state, 'MOVED');
  });

  it('read what moved once, however long a transaction elsewhere stays open', async () => {
    await onServer(async (writer) => {
      await writer.query('BEGIN');
      await writer.query('SELECT pg_current_xact_id()');
      const moved = workflows.slice(-2 * LIMIT);
      const pages = await walk((_page, number) =>
        number === 4 ? Promise.all(moved.map((id) => move(id))) : Promise.resolve(),
      );
      assert.equal(idsOf(pages).length, COUNT + moved.length);
      await writer.query('ROLLBACK');
    });
  });

  it('see what commits after the phase that passed it', async () => {
    const late = await database.pool.connect();
    try {
      await late.query('BEGIN');
      await legacyTransition(late, first, 'PENDING', 'LATE');
      // A later transaction that is done before the walk begins: `late` is between those its snapshot sees.
      await move(workflows[40] as string);
      const pages = await walk((_page, number) =>
        number === 10 ? late.query('COMMIT') : move(workflows[30] as string),
      );
      const states = pages.flatMap((page) => page.recovered_states[first]?.current_state ?? []);
      assert.deepEqual(states, ['PENDING', 'LATE']);
    } finally {
      await late.query('ROLLBACK');
      late.release();
    }
  });

  it('keep a cursor a payload takes, of however many open transactions', () => {
    const [xids, row] = [
      (from: number, n: number) => Array.from({ length: n }, (_, i) => from + i),
      { workflow_id: first, arrival: 1 },
    ];
    const phase = firstPhase(recoverFsmStatesPayload.parse({ recovery_id: 'r' }));
    const listed = (n: number) => `5000000000000:5000000009999:${xids(5_000_000_000_000, n).join(',')}`;
    assert.equal(restOf(phase, row, listed(100)).snapshot, listed(100));
    assert.equal(
      restOf(phase, row, listed(1_000)).snapshot,
      '5000000000000:5000000000000:',
      'all of them and later ones unseen',
    );
    const longest = { ...restOf(phase, row, listed(104)), seen: listed(104), after: first };
    assert.equal(longest.snapshot, listed(104));
    assert.ok(encodeCursor(longest).length <= CURSOR_LENGTH);
  });

  it('begin over when the server’s numbers are below the cursor’s, as after a restore', async () => {
    const { next_cursor } = await recover();
    const phase = { ...phaseOf(next_cursor), snapshot: '900000000000:900000000000:' };
    const pages = [await recover({ cursor: Buffer.from(JSON.stringify(phase)).toString('base64url') })];
    assert.deepEqual(idsOf(pages), [...workflows].reverse().slice(0, LIMIT));
  });

  it('end with a warning when more moves than is read', async () => {
    const pages = await walk(() =>
      database.pool.query(
        `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event)
         SELECT workflow_id, 'workflow_execution', 'BUSY', 'x' FROM fsm_states`,
      ),
    );
    assert.match(pages.at(-1)?.warning ?? '', /^workflows move faster than they are read/);
    assert.ok(pages.slice(0, -1).every((page) => page.warning === undefined));
    assert.equal(new Set(idsOf(pages)).size, COUNT);
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
    const large = workflows[COUNT - 3] as string;
    await database.pool.query(
      `UPDATE fsm_states SET metadata = jsonb_build_object('note', repeat('x', 20000)) WHERE workflow_id = $1`,
      [large],
    );
    const before = await recover({}, 10_000);
    assert.deepEqual([before.total_recovered, before.failed, before.warning], [2, 0, undefined]);
    const at = await recover({ cursor: before.next_cursor }, 10_000);
    assert.deepEqual([at.total_recovered, at.failed, at.next_cursor], [0, 0, before.next_cursor]);
    assert.match(
      at.warning ?? '',
      new RegExp(`^${large} comes next and takes 20\\d{3} bytes, more than this page has`),
    );
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
