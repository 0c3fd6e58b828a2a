import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { createFsmTransitionStore } from '../../../src/postgres/states/fsm-transition-store.js';
import { checkStates } from '../../../src/postgres/states/state-check.js';
import { command, MIGRATIONS, one, onServer, useDatabase } from '../support.js';

const idOf = (workflow: number): string => `00000000-0000-4000-8000-00000000000${workflow}`;
const STOOD_STILL = idOf(1);
const WENT_ON = idOf(2);
const OLDER = idOf(3);
const OTHER_STATE = idOf(4);

/** The transitions that the triggers before 0019 got: count, milliseconds, state before and after. */
const ARRIVALS: readonly (readonly [string, number, number, string | null, string])[] = [
  [STOOD_STILL, 1, 3_000, 'PENDING', 'PROCESSING'],
  [STOOD_STILL, 3, 2_000, 'COMPLETED', 'ARCHIVED'],
  [STOOD_STILL, 2, 1_000, 'PROCESSING', 'COMPLETED'],
  [WENT_ON, 1, 3_000, 'PENDING', 'PROCESSING'],
  [WENT_ON, 2, 1_000, 'PROCESSING', 'COMPLETED'],
  [WENT_ON, 3, 4_000, 'COMPLETED', 'ARCHIVED'],
  [OLDER, 1, 60_000, 'PENDING', 'PROCESSING'],
  [OLDER, 2, 49_000, 'PROCESSING', 'COMPLETED'],
  [OTHER_STATE, 1, 3_000, 'PENDING', 'PROCESSING'],
  [OTHER_STATE, 2, 1_000, 'PENDING', 'FAILED'],
];

describe('migrate: workflows that stand still by their clock', () => {
  const database = useDatabase({
    foreignRows: 'transitions are written past the store',
    prepare: async (url) => {
      const before = mkdtempSync(join(tmpdir(), 'migrations-'));
      try {
        for (const file of readdirSync(MIGRATIONS).filter((name) => name < '0019')) {
          cpSync(join(MIGRATIONS, file), join(before, file));
        }
        mkdirSync(join(before, 'indexes'));
        await migrate({ url }, { dir: before });
      } finally {
        rmSync(before, { recursive: true });
      }
      await onServer(async (client) => {
        for (const arrival of ARRIVALS) {
          await client.query(
            `INSERT INTO fsm_transitions (entity_id, entity_type, transition_count, transition_at, from_state, to_state,
               transition_event, transition_data, intent_id)
             VALUES ($1, 'workflow_execution', $2, TIMESTAMPTZ '2026-11-26 10:00Z' + $3 * INTERVAL '1 ms', $4, $5::varchar,
               'x', jsonb_build_object('metadata', jsonb_build_object('to', $5::varchar)), gen_random_uuid())`,
            [...arrival],
          );
        }
        const { rows } = await client.query('SELECT FROM fsm_states WHERE current_state = $1', ['PROCESSING']);
        assert.equal(rows.length, 3, 'they stand still before the migration');
      }, url);
      await migrate({ url }, { dir: MIGRATIONS });
    },
  });

  it('moves them on by their counts, and no other', async () => {
    const { rows } = await database.pool.query<Record<string, unknown>>(
      `SELECT current_state, previous_state, epoch, transition_count, metadata, last_transition_at
       FROM fsm_states ORDER BY workflow_id`,
    );
    const state = (current: string, previous: string, count: number, ms: number) => ({
      current_state: current,
      previous_state: previous,
      epoch: 1,
      transition_count: count,
      metadata: { to: current },
      last_transition_at: new Date(Date.UTC(2026, 10, 26, 10) + ms),
    });
    assert.deepEqual(rows, [
      state('ARCHIVED', 'COMPLETED', 3, 2_000),
      state('ARCHIVED', 'COMPLETED', 3, 4_000),
      // This one is from longer before than clocks differ, so it may be of an earlier life.
      state('PROCESSING', 'PENDING', 1, 60_000),
      state('PROCESSING', 'PENDING', 1, 3_000),
    ]);
    const { faults } = await checkStates(database.pool, { fix: false });
    assert.deepEqual(faults, { missing: 0, differs: 0, orphaned: 0 });
  });

  it('continues the first epoch of a row that has a time for its beginning', async () => {
    await createFsmTransitionStore(database.pool).insert([
      command({
        workflow_id: OLDER,
        current_state: 'ARCHIVED',
        previous_state: 'COMPLETED',
        transition_count: 3,
        timestamp: '2026-11-26T10:00:50Z',
      }),
    ]);
    const state = await one(
      database.pool,
      'SELECT current_state, epoch, transition_count FROM fsm_states WHERE workflow_id = $1',
      [OLDER],
    );
    assert.deepEqual(state, { current_state: 'ARCHIVED', epoch: 1, transition_count: 3 });
  });
});
