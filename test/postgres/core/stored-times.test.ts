/** These tests check that times are in PostgreSQL what they are in code, and come back as what they are. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { recoverFsmStatesPayload } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { readTime } from '../../../src/domain/values/time.js';
import { isoUtc, microseconds } from '../../../src/postgres/core/instant.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { createFsmRetention } from '../../../src/postgres/recovery/retention.js';
import { one, useDatabase } from '../support.js';

/** Times as PostgreSQL reads them, and as they come back. */
const STORED: readonly (readonly [stored: string, shown: string])[] = [
  ['infinity', 'infinity'],
  ['-infinity', '-infinity'],
  ['4713-01-01 00:00:00 UTC BC', '-004712-01-01T00:00:00.000000Z'],
  ['0044-03-15 12:00:00.5 UTC BC', '-000043-03-15T12:00:00.500000Z'],
  ['0001-12-31 23:59:59.999999 UTC BC', '0000-12-31T23:59:59.999999Z'],
  ['0001-01-01 00:00:00 UTC', '0001-01-01T00:00:00.000000Z'],
  ['2026-01-31 12:00:00.123456+05:45', '2026-01-31T06:15:00.123456Z'],
  ['9999-12-31 23:59:59.999999 UTC', '9999-12-31T23:59:59.999999Z'],
  ['9999-12-31 23:59:59-12', '+010000-01-01T11:59:59.000000Z'],
  ['294276-12-31 00:00:00 UTC', '+294276-12-31T00:00:00.000000Z'],
];

describe('times in PostgreSQL', () => {
  const database = useDatabase({ foreignRows: 'transitions are written past the store' });

  it('are those of the code, to the microsecond', async () => {
    const sent = ['0001-01-01T00:00:00Z', '1969-12-31 23:59:59.999999', '2026-01-31T12:00:00.123456789+0545'];
    for (const time of [...sent, '9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59-12:00'].map(readTime)) {
      assert.deepEqual(
        await one(database.pool, 'SELECT (extract(epoch FROM $1::timestamptz) * 1000000)::bigint::text AS us', [time]),
        { us: String(microseconds(time)) },
      );
    }
  });

  it('come back as ISO 8601 in UTC, the infinite, those before Christ and the far ones too', async () => {
    const { rows } = await database.pool.query<{ shown: string | null }>(
      `SELECT ${isoUtc('at')} AS shown FROM unnest($1::timestamptz[]) WITH ORDINALITY AS given (at, n) ORDER BY n`,
      [[...STORED.map(([stored]) => stored), null]],
    );
    assert.deepEqual(
      rows.map(({ shown }) => shown),
      [...STORED.map(([, shown]) => shown), null],
    );
  });

  it('of existing states are recovered as what they are, and end no prune', async () => {
    const workflows = STORED.map(() => randomUUID());
    await database.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, created_at, transition_at)
       SELECT id, 'workflow_execution', 'PENDING', 'PROCESSING', 'x', at, at FROM unnest($1::uuid[], $2::timestamptz[]) AS w (id, at)`,
      [workflows, STORED.map(([stored]) => stored)],
    );
    const page = await createFsmStateStore(database.pool).recover(
      recoverFsmStatesPayload.parse({ recovery_id: 'r' }),
      1_000_000,
    );
    assert.deepEqual(
      workflows.map((id) => page.recovered_states[id]?.last_transition_at),
      STORED.map(([, shown]) => shown),
    );
    // Six thousand old transitions, which are more than a page of a prune. Those of one workflow update one row each.
    await database.pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_count, created_at)
       SELECT id, 'workflow_execution', 'A', 'B', 'x', n, '-infinity' FROM unnest($1::uuid[]) id, generate_series(1, 100) n`,
      [Array.from({ length: 60 }, () => randomUUID())],
    );
    const retention = createFsmRetention(database.pool, 1);
    const first = await retention.prune(null, null);
    assert.deepEqual([first.transitions_deleted, first.next], [5_000, '0001-01-01T00:00:00Z']);
    assert.deepEqual((await retention.prune(first.pruned_before, first.next)).next, null);
  }).timeout(20_000);
});
