/** Where a walk over the states goes on: a cursor that passes over states loses them without a word. */
import assert from 'node:assert/strict';
import {
  decodeCursor,
  encodeCursor,
  firstPhase,
  isLast,
  numberedHere,
  passed,
  type Phase,
  phaseAfter,
  restOf,
} from '../../../src/postgres/recovery/cursor.js';

const request = { since_days: 7 };
const NOW = Date.parse('2026-01-08T00:00:00Z');
const first = firstPhase(request, NOW);
const ID = '00000000-0000-4000-8000-000000000001';
const row = { workflow_id: ID, arrival: 41 };
const last: Phase = { ...first, number: 20, seen: '1:2:' };

describe('a walk over the states', () => {
  it('begins with all of them, newest first, over the days that were asked for', () => {
    const { filters, ...rest } = first;
    assert.deepEqual(rest, {
      number: 1,
      seen: null,
      before: Number.MAX_SAFE_INTEGER,
      after: null,
      snapshot: null,
      since: '2026-01-01T00:00:00.000Z',
    });
    assert.match(filters, /^[0-9a-f]{16}$/);
    const before = Date.now();
    const since = Date.parse(firstPhase({ since_days: 1 }).since);
    assert.ok(since >= before - 86_400_000 && since <= Date.now() - 86_400_000);
  });

  it('goes on before the last row of a page, in the last phase after its workflow', () => {
    assert.deepEqual(passed(first, row), { ...first, before: 41 });
    assert.deepEqual(passed(last, row), { ...last, after: ID });
    assert.deepEqual(
      [1, 19, 20].map((number) => isLast({ ...first, number })),
      [false, false, true],
    );
  });

  it('keeps the snapshot of the first page of a phase, from which the next one starts', () => {
    const second = restOf(first, row, '5:9:6');
    assert.deepEqual(second, { ...first, before: 41, snapshot: '5:9:6' });
    assert.equal(restOf(second, row, '7:11:').snapshot, '5:9:6');
  });

  it('sees less, and so reads more, where a snapshot is too long for a cursor', () => {
    const head = '1234567890123:1234567890999:';
    const fits = head + '1'.repeat(1_500 - head.length);
    assert.equal(restOf(first, row, fits).snapshot, fits);
    assert.equal(restOf(first, row, `${fits}1`).snapshot, '1234567890123:1234567890123:');
  });

  it('ends when a single page has shown all that was left, and else begins with what moved meanwhile', () => {
    assert.equal(phaseAfter(first), null);
    const page = { ...restOf(first, row, '5:9:6'), after: ID };
    assert.deepEqual(phaseAfter(page), { ...first, number: 2, seen: '5:9:6' });
    assert.equal(phaseAfter({ ...page, number: 19 })?.number, 20);
    assert.equal(phaseAfter({ ...page, number: 20 })?.number, 20);
  });

  it('begins again on a server that has lost transactions its cursor has seen', () => {
    const seen: Phase = { ...first, number: 3, seen: '100:200:', before: 7, after: ID };
    const again = { ...seen, number: 1, seen: null, before: Number.MAX_SAFE_INTEGER, after: null, snapshot: null };
    assert.deepEqual(numberedHere(seen, '50:199:'), again);
    for (const current of ['50:200:', '50:201:', '150:1000:']) assert.equal(numberedHere(seen, current), seen, current);
    const later = { ...seen, snapshot: '150:300:' };
    assert.deepEqual(numberedHere(later, '150:299:'), again, 'the newest counts');
    assert.equal(numberedHere(later, '150:300:'), later);
    assert.equal(numberedHere(first, '1:1:'), first);
    // Transaction ids are 64 bits wide: as a number the two would be the same.
    const wide = { ...seen, seen: '1:9007199254740993:' };
    assert.deepEqual(numberedHere(wide, '1:9007199254740992:').seen, null);
  });
});

describe('a cursor', () => {
  const reject = (cursor: string, message: RegExp, of: Parameters<typeof decodeCursor>[1] = request) =>
    assert.throws(() => decodeCursor(cursor, of), { name: 'EffectError', failureClass: 'invalid', message });
  const NONE = /^cursor: expected the next_cursor of a page before$/;

  it('comes back as it was given', () => {
    for (const phase of [
      first,
      last,
      { ...last, after: ID, snapshot: '12345678901234567890:12345678901234567890:1,2,3' },
      { ...first, seen: `1:2:${'3'.repeat(1_496)}` },
    ]) {
      assert.deepEqual(decodeCursor(encodeCursor(phase), request), phase);
    }
    assert.match(encodeCursor({ ...first, filters: '>>>???' }), /^[\w-]+$/);
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
      { number: 0 },
      { number: 21 },
      { number: 1.5 },
      { before: 0 },
      { before: 'x' },
      { seen: 'x1:2:' },
      { seen: '1:2:x' },
      { seen: '1:2' },
      { seen: ':2:' },
      { seen: '1::' },
      { seen: '123456789012345678901:2:' },
      { seen: '1:123456789012345678901:' },
      { seen: `1:2:${'3'.repeat(1_497)}` },
      { snapshot: 7 },
      { after: 'x' },
      { since: 'yesterday' },
      { filters: 7 },
    ]) {
      reject(encodeCursor({ ...first, ...change } as Phase), NONE);
    }
  });

  it('is refused with other filters than it came with: it would pass over states no page has shown', () => {
    const of = { states: ['A', 'B'], namespaces: ['n'], since_days: 7 };
    const cursor = encodeCursor(firstPhase(of, NOW));
    for (const same of [
      { ...of, states: ['B', 'A'] },
      { ...of, states: ['A', 'B', 'A'] },
    ]) {
      assert.equal(decodeCursor(cursor, same).number, 1);
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
    // No filter is one thing, however it is said.
    assert.equal(decodeCursor(encodeCursor(first), { since_days: 7, states: null }).number, 1);
  });
});
