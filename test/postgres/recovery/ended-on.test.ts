/** These tests check into which streams a recovery divides the workflows that match. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packagePath } from '../../../src/paths.js';
import { ENDED_ON, streamsSince } from '../../../src/postgres/recovery/ended-on.js';

const NOW = Date.parse('2026-11-27T10:00:00.000Z');
const daysAgo = (days: number): string => new Date(NOW - days * 86_400_000).toISOString();

describe('the day on which a workflow ended', () => {
  it('is what the indexes of migration 0020 begin with, in its words', () => {
    const words = (sql: string) => sql.replace(/\s+/g, ' ');
    const migration = words(readFileSync(packagePath('migrations/0020_fsm_ended_on.sql'), 'utf8'));
    assert.ok(ENDED_ON.startsWith('CASE WHEN upper(current_state) = ANY ('));
    // A list of terminal states that differs needs new indexes, because PostgreSQL takes none for another expression.
    for (const next of ['workflow_id NULLS FIRST', 'sequence DESC NULLS LAST']) {
      assert.ok(migration.includes(`ON fsm_states (( ${words(ENDED_ON)} ), ${next});`), next);
    }
  });
});

describe('the streams of workflows that match', () => {
  it('are those that have not ended, and a day each of those that have', () => {
    assert.deepEqual(streamsSince(daysAgo(2), NOW).conditions, [
      `${ENDED_ON} = 'infinity'`,
      `${ENDED_ON} = '2026-11-25' AND updated_at >= $1`,
      `${ENDED_ON} = '2026-11-26'`,
      `${ENDED_ON} = '2026-11-27'`,
      `${ENDED_ON} > '2026-11-27' AND ${ENDED_ON} < 'infinity'`,
    ]);
  });

  it('are cut at the time itself on its day only, be that today', () => {
    const today = [
      `${ENDED_ON} = 'infinity'`,
      `${ENDED_ON} = '2026-11-27' AND updated_at >= $1`,
      `${ENDED_ON} > '2026-11-27' AND ${ENDED_ON} < 'infinity'`,
    ];
    assert.deepEqual(streamsSince(daysAgo(0.2), NOW).conditions, today);
    assert.deepEqual(streamsSince('2026-11-27T00:00:00.000Z', NOW).conditions, today);
    assert.equal(streamsSince('2026-11-26T23:59:59.999Z', NOW).conditions.length, 4);
  });

  it('do not overlap where the time is to come', () => {
    assert.deepEqual(streamsSince(daysAgo(-3), NOW).conditions, [
      `${ENDED_ON} = 'infinity'`,
      `${ENDED_ON} = '2026-11-30' AND updated_at >= $1`,
      `${ENDED_ON} > '2026-11-30' AND ${ENDED_ON} < 'infinity'`,
    ]);
  });

  it('are one from 92 days on, also for a cursor that names any time', () => {
    const one = {
      byId: 'workflow_id',
      newestFirst: 'arrival DESC',
      conditions: [`(updated_at >= $1 OR ${ENDED_ON} = 'infinity')`],
    };
    assert.equal(streamsSince(daysAgo(91), NOW).conditions.length, 94);
    assert.deepEqual(streamsSince(daysAgo(92), NOW), one);
    assert.deepEqual(streamsSince('0001-01-01T00:00:00Z', NOW), one);
  });

  it('are each in an order that only the indexes of migration 0020 have', () => {
    const { byId, newestFirst } = streamsSince(daysAgo(7), NOW);
    assert.deepEqual([byId, newestFirst], ['workflow_id NULLS FIRST', 'arrival DESC NULLS LAST']);
  });

  it('go by the clock of now', () => {
    assert.equal(streamsSince(new Date().toISOString()).conditions.length, 3);
  });
});
