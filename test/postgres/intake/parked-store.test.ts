import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SLICE_BYTES, SLICE_INTENTS } from '../../../src/domain/intake/slice.js';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { createParkedLists } from '../../../src/postgres/intake/parked-store.js';
import { one, useDatabase } from '../support.js';

const HASH = 'ab'.repeat(32);

describe('parked lists', () => {
  const database = useDatabase();
  const list = (...intents: unknown[]): SliceList => ({ event_id: randomUUID(), correlation_id: null, intents });

  it('come back word for word, with texts that PostgreSQL takes in no other type', async () => {
    const store = createParkedLists(database.pool);
    // Each list has an invalid intent beside a valid one whose row is locked.
    const lists = [list({ text: 'nul \u0000' }, {}), list({ 'half \ud800': 1 }, {}), list({ text: 'fine' })];
    await store.park(
      'p',
      lists.map((given) => ({ list: given, keys: [randomUUID()], list_hash: HASH })),
    );
    const page = await store.page('p', 0);
    assert.deepEqual([page.lists, page.parked, page.next], [lists, 3, null]);
  });

  it('come in pages of a slice, by how many intents they hold', async () => {
    const store = createParkedLists(database.pool);
    const lists = [300, 150, 100].map((count) => list(...Array.from({ length: count }, () => ({}))));
    await store.park(
      'q',
      lists.map((given) => ({ list: given, keys: [randomUUID()], list_hash: HASH })),
    );
    const first = await store.page('q', 0);
    assert.deepEqual(first.lists, lists.slice(0, 2));
    assert.deepEqual((await store.page('q', first.next ?? 0)).lists, lists.slice(2));
  });

  const own = (given: SliceList) => ({ list: given, keys: [given.event_id], list_hash: HASH });
  const seqOf = (given: SliceList) =>
    one<{ seq: number }>(database.pool, 'SELECT seq FROM intake_parked WHERE event_id = $1', [given.event_id]);

  it('are left out of a page behind a list that is left out, also by a key that only the two share', async () => {
    const store = createParkedLists(database.pool);
    const partition = randomUUID();
    const lists = Array.from({ length: 6 }, () => list({}));
    const keys = [['a'], ['a', 'b'], ['b', 'c'], ['c'], ['d'], ['c', 'd']];
    await store.park(
      partition,
      lists.map((given, index) => ({ list: given, keys: keys[index]!, list_hash: HASH })),
    );
    // The page before has read the first list, which stays parked. The next three lists wait behind it, each by one
    // key. The last one remembers the free list before it, and waits by its other key.
    const page = await store.page(partition, (await seqOf(lists[0]!)).seq);
    assert.deepEqual([page.lists, page.parked, page.next], [[lists[4]], 6, null]);
    // A page that holds them all has them in their order.
    assert.deepEqual((await store.page(partition, 0)).lists, lists);
    await store.remove([lists[0]!.event_id]);
    assert.deepEqual((await store.page(partition, 0)).lists, lists.slice(1), 'the others go on once it is answered');
  });

  it('fill a page to the last intent and the last byte, and none is left out between two pages', async () => {
    const store = createParkedLists(database.pool);
    const sized = (bytes: number): SliceList => {
      const given = list({ text: '' });
      return { ...given, intents: [{ text: 'x'.repeat(bytes - JSON.stringify(given).length) }] };
    };
    const full: readonly (readonly [string, readonly SliceList[]])[] = [
      ['intents', [SLICE_INTENTS - 1, 1, 1].map((count) => list(...Array.from({ length: count }, () => ({}))))],
      ['bytes', [SLICE_BYTES - 1_000, 1_000, 1_000].map(sized)],
      // A list that is larger than a page has one of its own.
      ['too large', [SLICE_BYTES + 1, SLICE_BYTES + 1].map(sized)],
    ];
    for (const [partition, lists] of full) {
      await store.park(partition, lists.map(own));
      const pages: (readonly SliceList[])[] = [];
      for (let after: number | null = 0; after !== null && pages.length < 5;) {
        const page: Awaited<ReturnType<typeof store.page>> = await store.page(partition, after);
        pages.push(page.lists);
        after = page.next;
      }
      const size = lists.length - 1;
      assert.deepEqual(pages, [lists.slice(0, size), lists.slice(size)], partition);
    }
  });

  it('stay where they are when they are parked again, and differ by partition', async () => {
    const store = createParkedLists(database.pool);
    const [first, second, elsewhere] = [list({ n: 1 }), list({ n: 2 }), list({ n: 3 })];
    await store.park('again/0', [first, second].map(own));
    await store.park('again/1', [own(elsewhere)]);
    await store.park('again/0', [{ list: { ...first, intents: [] }, keys: ['other'], list_hash: HASH }]);
    const page = await store.page('again/0', 0);
    assert.deepEqual([page.lists, page.parked], [[first, second], 2]);
    const keys = [first, second, elsewhere].map(({ event_id }) => event_id).concat('other');
    assert.deepEqual(await store.findKeys('again/0', keys), new Set([first.event_id, second.event_id]));
    assert.deepEqual(await store.findKeys('again/0', []), new Set());
    assert.deepEqual(
      await store.hashes([second.event_id, elsewhere.event_id, randomUUID()]),
      new Map([
        [second.event_id, HASH],
        [elsewhere.event_id, HASH],
      ]),
    );
    await store.remove([first.event_id]);
    assert.deepEqual(await store.findKeys('again/0', keys), new Set([second.event_id]));
    assert.deepEqual((await store.page('again/0', 0)).lists, [second]);
    assert.deepEqual((await store.page('again/1', 0)).lists, [elsewhere]);
  });

  it('are parked under an event id of their own, and again in rows of before there were hashes', async () => {
    const store = createParkedLists(database.pool);
    const [parked, other] = [list({ n: 1 }), list({ n: 2 })];
    await store.park('id/0', [own(parked)]);
    const conflicting = { ...own(parked), list_hash: 'cd'.repeat(32) };
    await assert.rejects(store.park('id/1', [own(other), conflicting]), {
      name: 'EffectError',
      failureClass: 'transient',
      message: `event_id: another list is parked under ${parked.event_id}`,
    });
    assert.deepEqual(await store.hashes([parked.event_id, other.event_id]), new Map([[parked.event_id, HASH]]));
    await database.pool.query('UPDATE intake_parked SET list_hash = NULL WHERE event_id = $1', [parked.event_id]);
    await store.park('id/1', [own(other), conflicting]);
    assert.deepEqual(
      await store.hashes([parked.event_id, other.event_id]),
      new Map([
        [parked.event_id, null],
        [other.event_id, HASH],
      ]),
    );
  });
});
