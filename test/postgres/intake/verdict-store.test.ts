import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Outcome } from '../../../src/domain/intents/result.js';
import type { SliceList, Verdict } from '../../../src/domain/intake/list.js';
import type { Answer } from '../../../src/domain/intake/ports.js';
import { createVerdictStore } from '../../../src/postgres/intake/verdict-store.js';
import { useDatabase } from '../support.js';

const HASH = 'ab'.repeat(32);
const OTHER_HASH = 'cd'.repeat(32);

describe('verdicts', () => {
  const database = useDatabase();
  const [FIRST, THEN, LATER] = ['2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z', '2026-11-03T00:00:00.000Z'];
  /** Answers a list that was emitted at a time; null: nobody knows when. */
  const answer = (
    event_id: string,
    outcome: Outcome,
    emitted_at: string | null = FIRST,
    rest: Partial<Verdict> = {},
  ): Answer => {
    const list: SliceList = {
      event_id,
      correlation_id: null,
      ...(emitted_at === null ? {} : { emitted_at }),
      // JSONB refuses a NUL, which a list may hold.
      intents: [{ text: 'a\u0000b' }],
    };
    const verdict: Verdict = {
      event_id,
      correlation_id: 'c',
      request_id: 'r',
      workflow_id: 'w',
      outcome,
      counts: {},
      truncated: false,
      results: [],
      ...rest,
    };
    return { list, verdict, list_hash: HASH };
  };
  const microseconds = (iso: string) => iso.replace('Z', '000Z');

  it('stay as they were first, by whoever comes second too, and beside new ones', async () => {
    const store = createVerdictStore(database.pool);
    const [known, fresh] = [randomUUID(), randomUUID()];
    const { list: _, ...first } = answer(known, 'failed');
    assert.deepEqual(await store.store([answer(known, 'failed')]), new Map([[known, first]]));
    const second = { ...answer(fresh, 'partial'), list_hash: OTHER_HASH };
    const stored = new Map([
      [known, first],
      [fresh, { verdict: second.verdict, list_hash: OTHER_HASH }],
    ]);
    assert.deepEqual(await store.store([answer(known, 'completed'), second]), stored);
    assert.deepEqual(await store.find([fresh, known, randomUUID()]), stored);
  });

  it('of an unfinished list stay when another list comes under its event id', async () => {
    const store = createVerdictStore(database.pool);
    const id = randomUUID();
    await store.store([answer(id, 'failed')]);
    const told = await store.store([{ ...answer(id, 'completed', LATER), list_hash: OTHER_HASH }]);
    assert.deepEqual([told.get(id)?.verdict.outcome, told.get(id)?.list_hash], ['failed', HASH]);
  });

  it('of an unfinished list are replaced by that of a later run, until it is completed', async () => {
    const store = createVerdictStore(database.pool);
    const id = randomUUID();
    const outcomeAfter = async (given: Answer) => (await store.store([given])).get(id)?.verdict.outcome;
    assert.equal(await outcomeAfter(answer(id, 'failed')), 'failed');
    assert.equal(await outcomeAfter(answer(id, 'cancelled', LATER)), 'cancelled');
    assert.equal(await outcomeAfter(answer(id, 'partial', THEN)), 'cancelled', 'an earlier run comes late');
    assert.equal(await outcomeAfter(answer(id, 'partial', null)), 'cancelled', 'nobody knows when');
    const standing = { emitted_at: microseconds(FIRST), rerun_at: microseconds(LATER) };
    assert.deepEqual((await store.answered([id])).get(id), { list_hash: HASH, final: false, ...standing });
    assert.deepEqual(await store.unfinished(id), answer(id, 'cancelled', LATER));
    assert.equal(await outcomeAfter(answer(id, 'completed', '2026-11-04T00:00:00.000Z')), 'completed');
    assert.equal(await outcomeAfter(answer(id, 'failed', '2026-11-05T00:00:00.000Z')), 'completed');
    assert.equal(await store.unfinished(id), null);
    assert.equal((await store.answered([id])).get(id)?.final, true);
  });

  it('are replaced where nobody knows when the list was emitted first, and kept where it was rejected', async () => {
    const store = createVerdictStore(database.pool);
    const [untimed, rejected] = [randomUUID(), randomUUID()];
    await store.store([answer(untimed, 'failed', null), answer(rejected, 'failed', FIRST, { error: 'too large' })]);
    const told = await store.store([answer(untimed, 'partial', THEN), answer(rejected, 'partial', THEN)]);
    assert.deepEqual([told.get(untimed)?.verdict.outcome, told.get(rejected)?.verdict.outcome], ['partial', 'failed']);
    assert.equal(await store.unfinished(rejected), null);
    assert.equal(await store.unfinished(randomUUID()), null);
  });

  it('of an older build are final', async () => {
    const store = createVerdictStore(database.pool);
    const id = randomUUID();
    const { verdict } = answer(id, 'partial');
    await database.pool.query('INSERT INTO intake_verdicts (event_id, verdict) VALUES ($1, $2)', [id, verdict]);
    assert.deepEqual((await store.answered([id])).get(id), {
      list_hash: null,
      final: true,
      emitted_at: null,
      rerun_at: null,
    });
    assert.deepEqual((await store.store([answer(id, 'completed', LATER)])).get(id), { verdict, list_hash: null });
  });

  it('are the same for two that answer at once', async () => {
    const store = createVerdictStore(database.pool);
    const ids = Array.from({ length: 50 }, () => randomUUID());
    const told = await Promise.all(
      (['completed', 'failed'] as const).map((outcome) => {
        const answers = ids.map((id) => answer(id, outcome));
        return store.store(outcome === 'failed' ? answers.reverse() : answers);
      }),
    );
    const stored = await store.find(ids);
    for (const id of ids) {
      for (const one of told) assert.deepEqual(one.get(id), stored.get(id), id);
    }
  });
});
