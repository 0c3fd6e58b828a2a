import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { SliceList } from '../../src/intents/slice.js';
import { createParkedLists } from '../../src/postgres/parked-store.js';
import { useDatabase } from './support.js';

describe('parked lists', () => {
  const database = useDatabase();
  const list = (...intents: unknown[]): SliceList => ({ event_id: randomUUID(), correlation_id: null, intents });

  it('come back word for word, with texts that PostgreSQL takes in no other type', async () => {
    const store = createParkedLists(database.pool);
    // Each has an invalid intent beside a valid one whose row somebody holds.
    const lists = [list({ text: 'nul \u0000' }, {}), list({ 'half \ud800': 1 }, {}), list({ text: 'fine' })];
    await store.park(
      'p',
      lists.map((given) => ({ list: given, keys: [randomUUID()] })),
    );
    const page = await store.page('p', 0);
    assert.deepEqual([page.lists, page.parked, page.next], [lists, 3, null]);
  });

  it('come in pages of a slice, by how many intents they hold', async () => {
    const store = createParkedLists(database.pool);
    const lists = [300, 150, 100].map((count) => list(...Array.from({ length: count }, () => ({}))));
    await store.park(
      'q',
      lists.map((given) => ({ list: given, keys: [randomUUID()] })),
    );
    const first = await store.page('q', 0);
    assert.deepEqual(first.lists, lists.slice(0, 2));
    assert.deepEqual((await store.page('q', first.next ?? 0)).lists, lists.slice(2));
  });
});
