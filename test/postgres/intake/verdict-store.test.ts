import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Outcome } from '../../../src/domain/intents/result.js';
import type { Verdict } from '../../../src/domain/intake/list.js';
import { createVerdictStore } from '../../../src/postgres/intake/verdict-store.js';
import { useDatabase } from '../support.js';

describe('verdicts', () => {
  const database = useDatabase();
  const verdict = (event_id: string, outcome: Outcome): Verdict => ({
    event_id,
    correlation_id: 'c',
    request_id: 'r',
    workflow_id: 'w',
    outcome,
    counts: {},
    truncated: false,
    results: [],
  });

  it('stay as they were first, by whoever comes second too, and beside new ones', async () => {
    const store = createVerdictStore(database.pool);
    const [known, fresh] = [randomUUID(), randomUUID()];
    const first = verdict(known, 'failed');
    assert.deepEqual(await store.store([first]), new Map([[known, first]]));
    const told = await store.store([verdict(known, 'completed'), verdict(fresh, 'partial')]);
    assert.deepEqual([told.get(known)?.outcome, told.get(fresh)?.outcome], ['failed', 'partial']);
    const found = await store.find([fresh, known, randomUUID()]);
    assert.deepEqual(
      [...found].map(([id, { outcome }]) => [id, outcome]).sort(),
      [
        [fresh, 'partial'],
        [known, 'failed'],
      ].sort(),
    );
  });

  it('are the same for two that answer at once', async () => {
    const store = createVerdictStore(database.pool);
    const ids = Array.from({ length: 50 }, () => randomUUID());
    const told = await Promise.all(
      (['completed', 'failed'] as const).map((outcome) => {
        const verdicts = ids.map((id) => verdict(id, outcome));
        return store.store(outcome === 'failed' ? verdicts.reverse() : verdicts);
      }),
    );
    const stored = await store.find(ids);
    for (const id of ids) {
      for (const one of told) assert.equal(one.get(id)?.outcome, stored.get(id)?.outcome, id);
    }
  });
});
