/**
 * These tests check where a walk over the states goes on. A cursor that passes over states loses them, and nobody
 * notices.
 */
import assert from 'node:assert/strict';
import {
  afterFirstPage,
  type Cursor,
  decodeCursor,
  encodeCursor,
  startOf,
  validOn,
} from '../../../src/postgres/recovery/cursor.js';

const request = { since_days: 7 };
const NOW = Date.parse('2026-01-08T00:00:00Z');
const start = startOf(request, NOW);
const ID = '00000000-0000-4000-8000-000000000001';
const row = { workflow_id: ID, arrival: 41 };
const second = afterFirstPage(start, row, '5:9:6');

describe('a walk over the states', () => {
  it('begins in front of all of them, over the days that were asked for', () => {
    const { filters, ...rest } = start;
    assert.deepEqual(rest, { after: null, firstPage: null, since: '2026-01-01T00:00:00.000Z' });
    assert.match(filters, /^[0-9a-f]{16}$/);
    const before = Date.now();
    const since = Date.parse(startOf({ since_days: 1 }).since);
    assert.ok(since >= before - 86_400_000 && since <= Date.now() - 86_400_000);
  });

  it('goes on from the first workflow after the first page, and knows what that has shown', () => {
    assert.deepEqual(second, { ...start, firstPage: { oldest: 41, snapshot: '5:9:6' } });
  });

  it('sees less, and so gives more again, where a snapshot is too long for a cursor', () => {
    const head = '1234567890123:1234567890999:';
    const fits = head + '1'.repeat(1_500 - head.length);
    assert.equal(afterFirstPage(start, row, fits).firstPage?.snapshot, fits);
    assert.equal(afterFirstPage(start, row, `${fits}1`).firstPage?.snapshot, '1234567890123:1234567890123:');
  });

  it('takes nothing for shown on a server that has lost transactions its cursor has seen', () => {
    const seen: Cursor = { ...afterFirstPage(start, row, '100:200:'), after: ID };
    const forgotten = { ...seen, firstPage: null };
    assert.deepEqual(validOn('50:199:', seen), forgotten);
    for (const current of ['50:200:', '50:201:', '150:1000:']) assert.equal(validOn(current, seen), seen, current);
    assert.equal(validOn('1:1:', start), start);
    // Transaction ids are 64 bits wide. As JavaScript numbers these two would be the same.
    const wide = afterFirstPage(start, row, '1:9007199254740993:');
    assert.equal(validOn('1:9007199254740992:', wide).firstPage, null);
  });
});

describe('a cursor', () => {
  const reject = (cursor: string, message: RegExp, of: Parameters<typeof decodeCursor>[1] = request) =>
    assert.throws(() => decodeCursor(cursor, of), { name: 'EffectError', failureClass: 'invalid', message });
  const NONE = /^cursor: expected the next_cursor of a page before, got string "/;

  it('comes back as it was given', () => {
    for (const cursor of [
      start,
      second,
      { ...second, after: ID },
      afterFirstPage(start, row, '12345678901234567890:12345678901234567890:1,2,3'),
      afterFirstPage(start, row, `1:2:${'3'.repeat(1_496)}`),
    ]) {
      assert.deepEqual(decodeCursor(encodeCursor(cursor), request), cursor);
    }
    assert.match(encodeCursor({ ...start, filters: '>>>???' }), /^[\w-]+$/);
  });

  it('says what is wrong with it to whoever looks into the error', () => {
    assert.throws(
      () => decodeCursor('x', request),
      ({ cause }: Error) => cause instanceof SyntaxError,
    );
  });

  it('is invalid when any part of it is', () => {
    reject('x', NONE);
    reject('', NONE);
    reject(Buffer.from('{}').toString('base64url'), NONE);
    for (const change of [
      { after: 'x' },
      { after: undefined },
      { firstPage: 7 },
      { firstPage: { oldest: 41 } },
      ...[0, 1.5, 'x'].map((oldest) => ({ firstPage: { oldest, snapshot: '1:2:' } })),
      ...[
        'x1:2:',
        '1:2:x',
        '1:2',
        ':2:',
        '1::',
        '123456789012345678901:2:',
        '1:123456789012345678901:',
        `1:2:${'3'.repeat(1_497)}`,
        7,
      ].map((snapshot) => ({ firstPage: { oldest: 41, snapshot } })),
      { since: 'yesterday' },
      { filters: 7 },
    ]) {
      reject(encodeCursor({ ...start, ...change } as Cursor), NONE);
    }
  });

  it('of an older version goes on from the first workflow, in the time and with the filters it came with', () => {
    const old = { number: 3, seen: '5:9:6', before: 41, after: null, snapshot: '7:11:' };
    const text = Buffer.from(JSON.stringify({ ...old, since: start.since, filters: start.filters }));
    assert.deepEqual(decodeCursor(text.toString('base64url'), request), start);
  });

  it('is refused with other filters than it came with: it would pass over states no page has shown', () => {
    const of = { states: ['A', 'B'], namespaces: ['n'], since_days: 7 };
    const cursor = encodeCursor(startOf(of, NOW));
    for (const same of [
      { ...of, states: ['B', 'A'] },
      { ...of, states: ['A', 'B', 'A'] },
    ]) {
      assert.equal(decodeCursor(cursor, same).after, null);
    }
    const OTHERS = /^cursor: expected the states, namespaces and since_days of the page it came with, got others$/;
    for (const other of [
      { ...of, states: ['A'] },
      { ...of, states: null },
      { ...of, namespaces: ['m'] },
      { ...of, namespaces: undefined },
      { ...of, since_days: 8 },
      { states: ['n'], namespaces: ['A', 'B'], since_days: 7 },
      { since_days: 7 },
    ]) {
      reject(cursor, OTHERS, other);
    }
    // `null` and an absent field both mean that there is no filter.
    assert.deepEqual(decodeCursor(encodeCursor(start), { since_days: 7, states: null }), start);
  });
});
