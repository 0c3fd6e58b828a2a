/**
 * These tests compare the pages of parked lists, whose keys are drawn, with what ADR 0009 says of them. No list
 * overtakes another that it shares a key with.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { HeldKeys } from '../../src/domain/intake/held-keys.js';
import { SLICE_INTENTS } from '../../src/domain/intake/slice.js';
import { createParkedLists } from '../../src/postgres/intake/parked-store.js';
import { useDatabase } from '../postgres/support.js';

const CASES = 60;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** A drawn list has a size in intents, and keys. */
interface Drawn {
  readonly intents: number;
  readonly keys: readonly string[];
}

interface Parked extends Drawn {
  readonly event_id: string;
}

/** Returns the event ids of the first page behind `after`, in which no list overtakes one of its keys. */
function pageOf(parked: readonly Parked[], after: number): string[] {
  const held = new HeldKeys<string>([]);
  const page: string[] = [];
  let intents = 0;
  parked.forEach((list, index) => {
    if (index < after) held.hold(list.keys);
    else if (!held.stops(list.keys)) {
      if (page.length > 0 && intents + list.intents > SLICE_INTENTS) intents = Infinity;
      intents += list.intents;
      if (intents < Infinity) page.push(list.event_id);
    }
  });
  return page;
}

describe('pages of parked lists', () => {
  const database = useDatabase();
  const drawn = fc.record<Drawn>({
    intents: fc.constantFrom(1, 1, 20, 250, 500),
    keys: fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 2 }),
  });

  it(`have each list as soon as no list before it that shares a key is left out, in ${CASES} rounds`, async () => {
    const store = createParkedLists(database.pool);
    const locked = fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(drawn, { minLength: 1, maxLength: 260 }), locked, async (lists, lockedKeys) => {
        const partition = randomUUID();
        let parked: readonly Parked[] = lists.map((list, number) => ({ ...list, event_id: `${partition}/${number}` }));
        await store.park(
          partition,
          parked.map(({ event_id, intents, keys }) => ({
            list: { event_id, correlation_id: null, intents: Array(intents).fill(0) },
            keys,
            list_hash: 'ab'.repeat(32),
          })),
        );
        const order = parked;
        const { rows } = await database.pool.query<{ event_id: string; seq: number }>(
          'SELECT event_id, seq FROM intake_parked WHERE partition = $1',
          [partition],
        );
        const seqOf = new Map(rows.map(({ event_id, seq }) => [event_id, seq]));
        for (let after: number | null = 0; after !== null;) {
          const before: number = after;
          const page: Awaited<ReturnType<typeof store.page>> = await store.page(partition, before);
          const ids = page.lists.map(({ event_id }) => event_id);
          const read = parked.findIndex(({ event_id }) => (seqOf.get(event_id) ?? 0) > before);
          assert.deepEqual(ids, pageOf(parked, read === -1 ? parked.length : read));
          // The slice answers the lists of the page that no locked key stops.
          const held = new HeldKeys<string>(lockedKeys);
          const answered = new Set(
            ids.filter((id) => !held.stops(order.find(({ event_id }) => event_id === id)?.keys ?? [])),
          );
          await store.remove([...answered]);
          parked = parked.filter(({ event_id }) => !answered.has(event_id));
          after = page.next;
        }
        // Only what is behind a locked key is left at the end of a round.
        const held = new HeldKeys<string>(lockedKeys);
        assert.deepEqual(
          parked,
          order.filter(({ keys }) => held.stops(keys)),
        );
        assert.deepEqual(await store.findKeys(partition, KEYS), new Set(parked.flatMap(({ keys }) => keys)));
        await store.remove(parked.map(({ event_id }) => event_id));
        const left = await database.pool.query('SELECT FROM intake_parked_keys');
        assert.equal(left.rowCount, 0);
      }),
      { numRuns: CASES },
    );
  }).timeout(120_000);
});
