/**
 * These tests check which states a page holds. No state may fall between two pages, and none may keep a walk from its
 * end.
 */
import assert from 'node:assert/strict';
import { LARGEST_PAGE } from '../../../src/domain/values/limits.js';
import { recoverFsmStatesPayload } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { readPage } from '../../../src/postgres/recovery/page.js';
import type { Row } from '../../../src/postgres/recovery/cursor.js';
import type { StateRow } from '../../../src/postgres/recovery/rows.js';

const MEGABYTE = 1_000_000;
const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
/** Returns the row of state number `n`; the newest state has number 0. */
const stateRow = (n: number, rest: Partial<StateRow> = {}): StateRow => ({
  workflow_id: idOf(n),
  current_state: 'RUNNING',
  previous_state: null,
  epoch: 1,
  transition_count: 1,
  arrival: 10_000 - n,
  metadata: {},
  last_transition_at: '2026-01-01T00:00:00Z',
  ...rest,
});
const rowsOf = (count: number): StateRow[] => Array.from({ length: count }, (_, n) => stateRow(n));
const sizeOf = ({ workflow_id, ...state }: StateRow): number =>
  Buffer.byteLength(JSON.stringify({ [workflow_id]: state }));

/** Reads `rows` as the store does. The reads after the first `timeOutAt` time out. */
async function pageOf(rows: readonly StateRow[], limit: number, maxBytes = MEGABYTE, timeOutAt = Infinity) {
  const asked: [after: string | undefined, limit: number][] = [];
  const request = recoverFsmStatesPayload.parse({ recovery_id: 'r', limit });
  const page = await readPage(request, maxBytes, (last: Row | undefined, most) => {
    asked.push([last?.workflow_id, most]);
    if (asked.length > timeOutAt) return Promise.resolve(null);
    const from = last === undefined ? 0 : rows.findIndex(({ workflow_id }) => workflow_id === last.workflow_id) + 1;
    return Promise.resolve(rows.slice(from, from + most));
  });
  return { ...page, count: Object.keys(page.states).length, asked };
}

describe('a page of states', () => {
  it('holds as many as were asked for, and says whether there are more by one row', async () => {
    const full = await pageOf(rowsOf(4), 3);
    assert.deepEqual([full.count, full.more, full.last], [3, true, { workflow_id: idOf(2), arrival: 9_998 }]);
    assert.deepEqual(full.asked, [[undefined, 4]]);
    const end = await pageOf(rowsOf(3), 3);
    assert.deepEqual([end.count, end.more, end.timedOut, end.tooLarge], [3, false, false, null]);
    const none = await pageOf([], 3);
    assert.deepEqual([none.count, none.more, none.last, none.failed], [0, false, undefined, []]);
  });

  it('is read 2,500 rows at a time, each time after the last', async () => {
    const { count, more, asked } = await pageOf(rowsOf(6_001), 6_000, 2 * MEGABYTE);
    assert.deepEqual([count, more], [6_000, true]);
    assert.deepEqual(asked, [
      [undefined, 2_500],
      [idOf(2_499), 2_500],
      [idOf(4_999), 1_001],
    ]);
    const exact = await pageOf(rowsOf(2_500), 6_000);
    assert.deepEqual([exact.count, exact.more, exact.asked.length], [2_500, false, 2]);
  });

  it('keeps what it has when a statement times out, and goes on there', async () => {
    const cut = await pageOf(rowsOf(6_001), 6_000, MEGABYTE, 1);
    assert.deepEqual([cut.count, cut.more, cut.timedOut, cut.last?.workflow_id], [2_500, true, true, idOf(2_499)]);
    const nothing = await pageOf(rowsOf(1), 10, MEGABYTE, 0);
    assert.deepEqual([nothing.count, nothing.more, nothing.timedOut, nothing.last], [0, true, true, undefined]);
  });

  it('gives each state as it is, its count as a number', async () => {
    const metadata = { namespace: 'n' };
    const { states } = await pageOf([stateRow(0, { transition_count: '12', metadata })], 3);
    const { workflow_id, ...state } = stateRow(0, { transition_count: 12, metadata });
    assert.deepEqual(states, { [workflow_id]: state });
  });

  it('ends where its bytes do, to the byte', async () => {
    const rows = rowsOf(3);
    const two = sizeOf(rows[0]!) + sizeOf(rows[1]!);
    const fits = await pageOf(rows, 10, two);
    assert.deepEqual([fits.count, fits.more, fits.last?.workflow_id, fits.tooLarge], [2, true, idOf(1), null]);
    assert.equal((await pageOf(rows, 10, two - 1)).count, 1);
    // Bytes are counted in UTF-8. A letter of this state takes two bytes.
    const wide = stateRow(1, { metadata: { note: 'é'.repeat(100) } });
    assert.equal((await pageOf([rows[0]!, wide], 10, sizeOf(rows[0]!) + sizeOf(wide) - 1)).count, 1);
  });

  it('leaves a first state that is more than it may hold to a page of its own, and says how large it is', async () => {
    const large = stateRow(0, { metadata: { note: 'x'.repeat(1_000) } });
    const page = await pageOf([large, stateRow(1)], 10, 500);
    assert.deepEqual(page.tooLarge, { workflow_id: idOf(0), bytes: sizeOf(large) });
    assert.deepEqual([page.count, page.more, page.last, page.failed], [0, true, undefined, []]);
    const later = await pageOf([stateRow(1), large], 10, 500);
    assert.deepEqual([later.count, later.more, later.tooLarge], [1, true, null]);
  });

  it('passes over what no page can hold, names it, and counts it', async () => {
    const room = LARGEST_PAGE - sizeOf(stateRow(1, { metadata: { note: '' } }));
    const [most, more] = [room, room + 1].map((length) => stateRow(1, { metadata: { note: 'x'.repeat(length) } }));
    const over = await pageOf([stateRow(0), more!, stateRow(2), stateRow(3)], 3);
    assert.deepEqual([Object.keys(over.states), over.failed, over.more], [[idOf(0), idOf(2)], [idOf(1)], true]);
    assert.equal(over.last?.workflow_id, idOf(2));
    const held = await pageOf([most!], 3, LARGEST_PAGE);
    assert.deepEqual([held.count, held.failed], [1, []]);
    const roomier = await pageOf([more!], 3, LARGEST_PAGE + 100);
    assert.deepEqual([roomier.count, roomier.failed], [1, []]);
  });

  it('passes over a count that JSON cannot represent, rather than give another', async () => {
    const page = await pageOf([stateRow(0, { transition_count: '9007199254740993' }), stateRow(1)], 3);
    assert.deepEqual([Object.keys(page.states), page.failed, page.more], [[idOf(1)], [idOf(0)], false]);
  });
});
