import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  recoverFsmStatesPayload,
  type RecoveredStates,
} from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { forgetWorkflows } from '../../support/forget-workflows.js';
import { useDatabase } from '../support.js';

const COUNT = 300;
const MEGABYTE = 1_000_000;

describe('recovery of fsm states', () => {
  const database = useDatabase();
  const workflows = Array.from({ length: COUNT }, () => randomUUID());

  before(async () => {
    await database.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_data, created_at, transition_at)
       SELECT id, 'workflow_execution', 'PENDING', CASE WHEN n % 2 = 0 THEN 'COMPLETED' ELSE 'PROCESSING' END, 'x',
         jsonb_build_object('metadata', jsonb_build_object('namespace', 'ns' || n % 3)),
         NOW() - CASE WHEN n <= 100 THEN INTERVAL '30 days' ELSE INTERVAL '1 hour' END, '2025-10-23T12:00:00.123456+02:00'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, n) ORDER BY n`,
      [workflows],
    );
  });

  const recover = (request: object = {}, maxBytes = MEGABYTE) =>
    createFsmStateStore(database.pool).recover(
      recoverFsmStatesPayload.parse({ recovery_id: 'r', ...request }),
      maxBytes,
    );

  async function walk(request: object, maxBytes = MEGABYTE) {
    const pages: RecoveredStates[] = [];
    for (let cursor: string | null = null; pages.length < 100;) {
      const page: RecoveredStates = await recover({ ...request, cursor }, maxBytes);
      pages.push(page);
      assert.equal(page.truncated, page.next_cursor !== null);
      if (page.next_cursor === null) return pages;
      cursor = page.next_cursor;
    }
    return assert.fail('the walk does not end');
  }
  const idsOf = (pages: readonly RecoveredStates[]) => pages.flatMap((page) => Object.keys(page.recovered_states));

  /** Returns all workflows in the order of a walk whose first page holds `first` of them. */
  const inOrderOfAWalk = (first: number): string[] => [
    ...workflows.slice(-first).reverse(),
    ...workflows.slice(0, -first).sort(),
  ];

  it('answers newest first, leaving out what ended before since_days, never what did not end', async () => {
    const page = await recover();
    const expected = workflows.filter((_, i) => i >= 100 || (i + 1) % 2 === 1).reverse();
    assert.deepEqual(idsOf([page]), expected);
    assert.deepEqual([page.total_recovered, page.failed, page.truncated, page.next_cursor], [250, 0, false, null]);
    assert.deepEqual(page.recovered_states[workflows[299] as string], {
      current_state: 'COMPLETED',
      previous_state: 'PENDING',
      epoch: 1,
      transition_count: 1,
      arrival: COUNT,
      metadata: { namespace: 'ns0' },
      last_transition_at: '2025-10-23T10:00:00.123456Z',
    });
    assert.equal((await recover({ since_days: 60 })).total_recovered, COUNT);
  });

  it('forgets an old workflow that has ended, however it did, and none that has not', async () => {
    const ended = ['COMPLETED', 'FAILED', 'CANCELLED', 'CANCELED', 'TERMINATED', 'TIMED_OUT', 'ABORTED', 'timed_out'];
    const { rows } = await database.pool.query<{ entity_id: string; to_state: string }>(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_data, created_at)
       SELECT gen_random_uuid(), 'workflow_execution', state, 'x', '{"metadata": {"namespace": "ends"}}', NOW() - INTERVAL '30 days'
       FROM unnest($1::text[]) AS state RETURNING entity_id, to_state`,
      [[...ended, 'WAITING']],
    );
    const waiting = rows.filter(({ to_state }) => to_state === 'WAITING').map(({ entity_id }) => entity_id);
    assert.deepEqual(idsOf([await recover({ namespaces: ['ends'] })]), waiting);
    assert.equal((await recover({ namespaces: ['ends'], since_days: 60 })).total_recovered, ended.length + 1);
    // These workflows are removed, because the other tests count all of them.
    await forgetWorkflows(
      database.pool,
      rows.map((row) => row.entity_id),
    );
  });

  it('counts all that matches, when asked, on any page', async () => {
    const first = await recover({ limit: 7, states: ['PROCESSING'], with_total: true });
    const second = await recover({ limit: 7, states: ['PROCESSING'], with_total: true, cursor: first.next_cursor });
    assert.deepEqual([first.total_matching, second.total_matching], [150, 150]);
    assert.equal('total_matching' in (await recover()), false);
  });

  it('filters by state and namespace', async () => {
    assert.equal((await recover({ states: ['completed'] })).total_recovered, 100);
    const page = await recover({ namespaces: ['ns1', 'ns2'], states: ['PROCESSING'], since_days: 60 });
    assert.equal(page.total_recovered, 100);
  });

  it('walks all pages, every workflow once: the newest first, then by workflow id', async () => {
    const pages = await walk({ limit: 7, since_days: 60 });
    assert.equal(pages.length, Math.ceil(COUNT / 7));
    assert.deepEqual(idsOf(pages), inOrderOfAWalk(7));
  });

  it('cuts a page to its bytes', async () => {
    const pages = await walk({ since_days: 60 }, 5_000);
    assert.ok(pages.length > 5);
    assert.ok(pages.every((page) => JSON.stringify(page.recovered_states).length <= 5_000));
    assert.deepEqual(idsOf(pages), inOrderOfAWalk(pages[0]?.total_recovered ?? 0));
  });

  it('refuses an invalid cursor', async () => {
    await assert.rejects(recover({ cursor: 'nonsense' }), { failureClass: 'invalid', message: /cursor/ });
  });
});
