import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { one, useDatabase } from '../support.js';

const TRANSITIONS = 20_000;

describe('a workflow with a long history', () => {
  const database = useDatabase({ foreignRows: 'the history is written past the store' });
  const workflow = randomUUID();

  before(async () => {
    const connection = await database.pool.connect();
    try {
      await connection.query('BEGIN');
      // The trigger would take a minute for a history of this length.
      await connection.query('SET LOCAL session_replication_role = replica');
      await connection.query(
        `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, intent_id,
           transition_count, epoch, transition_at)
         SELECT $1, 'workflow_execution', 'A', 'B', 'x', gen_random_uuid(), place, 1, to_timestamp(place)
         FROM generate_series(1, $2::int) place`,
        [workflow, TRANSITIONS],
      );
      await connection.query(
        `INSERT INTO fsm_states (workflow_id, current_state, previous_state, epoch, transition_count, last_transition_at,
           sequence, updated_at)
         SELECT entity_id, to_state, from_state, epoch, transition_count, transition_at, sequence, now()
         FROM fsm_transitions ORDER BY transition_count DESC LIMIT 1`,
      );
      await connection.query('COMMIT');
    } finally {
      connection.release();
    }
    await database.pool.query('VACUUM ANALYZE fsm_transitions');
  });

  /** Returns how many pages the insertion of a transition reads, its trigger among them. */
  const pagesOf = async (count: number, second: number) => {
    const connection = await database.pool.connect();
    try {
      await connection.query('BEGIN');
      const insert = () =>
        one<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
          connection,
          `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
           INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, intent_id,
             transition_count, transition_at)
           VALUES ('${workflow}', 'workflow_execution', 'A', 'B', 'x', gen_random_uuid(), ${count}, to_timestamp(${second}))
           ON CONFLICT DO NOTHING`,
        );
      // The first insertion of a connection reads the catalogue, too.
      await insert();
      const { 'QUERY PLAN': plan } = await insert();
      const { Plan: pages } = plan[0];
      return (pages['Shared Hit Blocks'] ?? 0) + (pages['Shared Read Blocks'] ?? 0);
    } finally {
      await connection.query('ROLLBACK');
      connection.release();
    }
  };

  it('finds a duplicate by the unique index, not by its history', async () => {
    const read = {
      current: await pagesOf(TRANSITIONS, TRANSITIONS),
      earlier: await pagesOf(TRANSITIONS / 2, TRANSITIONS / 2),
      ahead: await pagesOf(TRANSITIONS / 2, TRANSITIONS + 1),
    };
    for (const [what, pages] of Object.entries(read)) assert.ok(pages < 60, `${what}: ${pages} pages`);
  });
});
