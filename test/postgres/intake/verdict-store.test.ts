import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Outcome } from '../../../src/domain/intents/result.js';
import type { StoredVerdict } from '../../../src/domain/intake/ports.js';
import { createVerdictStore } from '../../../src/postgres/intake/verdict-store.js';
import { useDatabase } from '../support.js';

const HASH = 'ab'.repeat(32);
const OTHER_HASH = 'cd'.repeat(32);

describe('verdicts', () => {
  const database = useDatabase();
  const verdict = (event_id: string, outcome: Outcome, list_hash: string | null = HASH): StoredVerdict => ({
    list_hash,
    verdict: {
      event_id,
      correlation_id: 'c',
      request_id: 'r',
      workflow_id: 'w',
      outcome,
      counts: {},
      truncated: false,
      results: [],
    },
  });

  it('stay as they were first, by whoever comes second too, and beside new ones', async () => {
    const store = createVerdictStore(database.pool);
    const [known, fresh] = [randomUUID(), randomUUID()];
    const first = verdict(known, 'failed');
    assert.deepEqual(await store.store([first]), new Map([[known, first]]));
    const second = verdict(fresh, 'partial', OTHER_HASH);
    const stored = new Map([
      [known, first],
      [fresh, second],
    ]);
    assert.deepEqual(await store.store([verdict(known, 'completed', OTHER_HASH), second]), stored);
    assert.deepEqual(await store.find([fresh, known, randomUUID()]), stored);
    assert.deepEqual(
      await store.hashes([fresh, known, randomUUID()]),
      new Map([
        [known, HASH],
        [fresh, OTHER_HASH],
      ]),
    );
  });

  it('have no hash that were stored before there was one', async () => {
    const store = createVerdictStore(database.pool);
    const id = randomUUID();
    const old = verdict(id, 'completed', null);
    await database.pool.query('INSERT INTO intake_verdicts (event_id, verdict) VALUES ($1, $2::json)', [
      id,
      JSON.stringify(old.verdict),
    ]);
    assert.deepEqual(await store.hashes([id]), new Map([[id, null]]));
    assert.deepEqual(await store.store([verdict(id, 'failed')]), new Map([[id, old]]));
  });

  it('are the same for two that answer at once', async () => {
    const store = createVerdictStore(database.pool);
    const ids = Array.from({ length: 50 }, () => randomUUID());
    const answers = await Promise.all(
      (['completed', 'failed'] as const).map((outcome) => {
        const verdicts = ids.map((id) => verdict(id, outcome));
        return store.store(outcome === 'failed' ? verdicts.reverse() : verdicts);
      }),
    );
    const stored = await store.find(ids);
    for (const id of ids) {
      for (const one of answers) assert.deepEqual(one.get(id), stored.get(id), id);
    }
  });
});
