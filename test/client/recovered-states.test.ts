/**
 * These tests check the client's walk over FSM states, page by page. They say what it asks for, and what it gives and
 * says at its ends.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ExecutionError, type Intent, type IntentOf, type IntentsReport } from '../../src/client/index.js';
import { firstPage, RecoveredStatesWalk, type RecoverOptions } from '../../src/client/recovered-states.js';
import type { RecoveredStates } from '../../src/domain/intents/recover-fsm-states/schema.js';

const STATE = {
  current_state: 'PROCESSING',
  previous_state: null,
  arrival: 1,
  epoch: 1,
  transition_count: 1,
  metadata: {},
  last_transition_at: '2026-01-01T00:00:00Z',
};

interface Asked {
  readonly limit: number;
  readonly cursor?: string;
  readonly with_total: boolean;
}

describe('a walk over recovered states', () => {
  const page = (states: number, fields: Partial<RecoveredStates> = {}): RecoveredStates => ({
    recovered_states: Object.fromEntries(Array.from({ length: states }, () => [randomUUID(), STATE])),
    total_recovered: states,
    failed: 0,
    truncated: fields.next_cursor != null,
    next_cursor: null,
    ...fields,
  });

  function walkOf(pages: readonly (RecoveredStates | Error)[], options: RecoverOptions = {}) {
    const asked: Asked[] = [];
    const ids: (string | undefined)[] = [];
    const walk = new RecoveredStatesWalk((intents: readonly Intent[], { requestId }) => {
      ids.push(requestId);
      asked.push((intents[0] as IntentOf<'RecoverFSMStates'>).payload as unknown as Asked);
      const answer = pages[asked.length - 1] ?? new Error('asked for too much');
      if (answer instanceof Error) return Promise.reject(answer);
      const result = { ...answer, intent_type: 'RecoverFSMStates', success: true, status: 'succeeded' };
      return Promise.resolve({ results: [result] } as unknown as IntentsReport);
    }, options);
    return { walk, asked, ids };
  }
  const read = async (walk: RecoveredStatesWalk): Promise<string[]> => {
    const given: string[] = [];
    for await (const { workflow_id } of walk) given.push(workflow_id);
    return given;
  };
  const namesOf = (pages: readonly RecoveredStates[]) =>
    pages.flatMap(({ recovered_states }) => Object.keys(recovered_states));

  it('gives the states of every page, once, and follows each cursor', async () => {
    const pages = [
      page(3, { next_cursor: 'a', total_matching: 6, failed: 1, warning: 'first' }),
      page(2, { next_cursor: 'b', failed: 2 }),
      page(1),
    ];
    const { walk, asked, ids } = walkOf(pages);
    assert.equal(walk.truncated, true, 'nothing is read yet');
    assert.deepEqual(await read(walk), namesOf(pages));
    assert.deepEqual(
      asked.map(({ cursor, limit, with_total }) => [cursor, limit, with_total]),
      [
        [undefined, 10_000, true],
        ['a', 10_000, false],
        ['b', 10_000, false],
      ],
    );
    assert.equal(new Set(ids).size, 3, 'a page of its own for each');
    assert.deepEqual([walk.failed, walk.totalMatching, walk.warning, walk.truncated], [3, 6, 'first', false]);
  });

  it('gives no more than its limit, and asks for no more', async () => {
    const pages = [page(3, { next_cursor: 'a' }), page(2, { next_cursor: 'b' })];
    const { walk, asked } = walkOf(pages, { limit: 5 });
    assert.deepEqual(await read(walk), namesOf(pages));
    assert.deepEqual(
      asked.map(({ limit }) => limit),
      [5, 2],
    );
    assert.equal(walk.truncated, true, 'more follow');
  });

  it('is whole when its limit is just what there is', async () => {
    const { walk, asked } = walkOf([page(3, { next_cursor: 'a' }), page(2)], { limit: 5 });
    assert.equal((await read(walk)).length, 5);
    assert.deepEqual([asked.length, walk.truncated], [2, false]);
  });

  it('reads one page ahead and no further when its reader stops', async () => {
    const pages = [page(2, { next_cursor: 'a' }), page(2, { next_cursor: 'b' }), page(2)];
    const { walk, asked } = walkOf(pages);
    const given: string[] = [];
    for await (const { workflow_id } of walk) {
      given.push(workflow_id);
      break;
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([given, asked.length], [namesOf(pages).slice(0, 1), 2]);
  });

  it('gives what it has before it says which page failed', async () => {
    const pages = [page(2, { next_cursor: 'a' }), new Error('page 2')];
    const { walk } = walkOf(pages);
    const given: string[] = [];
    await assert.rejects(async () => {
      for await (const { workflow_id } of walk) given.push(workflow_id);
    }, /page 2/);
    assert.equal(given.length, 2);
    assert.equal(walk.truncated, true);
  });

  it('gives up after three pages in a row that hold nothing and lead nowhere, not before', async () => {
    const barren = page(0, { next_cursor: 'a', warning: 'timed out' });
    const patient = walkOf([page(1, { next_cursor: 'a' }), barren, barren, page(1, { next_cursor: 'b' }), page(1)]);
    assert.equal((await read(patient.walk)).length, 3);
    const { walk, asked } = walkOf([page(1, { next_cursor: 'a' }), barren, barren, barren, page(1)]);
    await assert.rejects(read(walk), (error) => {
      assert.ok(error instanceof ExecutionError);
      assert.match(error.message, /^timed out; 3 times over$/);
      return true;
    });
    assert.equal(asked.length, 4);
  });

  it('names the request that it waits for', async () => {
    const { walk, ids } = walkOf([page(1, { next_cursor: 'a' }), page(1)]);
    assert.equal(walk.requestId, null);
    await read(walk);
    assert.match(ids[1] ?? '', /^recover-\S+-2$/);
    assert.equal((walk as { readonly requestId: string | null }).requestId, ids[1]);
  });

  it('begins with a page that can be asked for alone', () => {
    const { intents, how } = firstPage({ states: ['A'], limit: 7 });
    const { recovery_id, ...payload } = JSON.parse(JSON.stringify(intents[0].payload)) as Record<string, unknown>;
    assert.deepEqual(payload, { limit: 7, with_total: true, states: ['A'] });
    assert.deepEqual(how, {
      requestId: `recover-${String(recovery_id)}-1`,
      correlationId: recovery_id,
      derivedEvents: 'none',
    });
    assert.equal((firstPage({}).intents[0].payload as { limit: number }).limit, 10_000);
  });
});
