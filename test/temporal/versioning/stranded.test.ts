/** These tests judge reports of deployments whose workers have gone. */
import assert from 'node:assert/strict';
import type { DeploymentReport, VersionReport } from '../../../src/temporal/versioning/deployments.js';
import { strandedLists } from '../../../src/temporal/versioning/stranded.js';

const NOW = Date.parse('2026-11-28T12:00:00.000Z');
const GONE = '2026-11-28T11:58:00.000Z';

describe('stranded lists', () => {
  const sentences = (version: Partial<VersionReport>): string[] =>
    strandedLists(
      { versions: [{ build_id: 'one', open: 0, last_poll: GONE, ...version }] } as unknown as DeploymentReport,
      NOW,
    );

  it('are those of a version that gets new ones, or has open ones, and has no workers', () => {
    assert.deepEqual(sentences({ status: 'current' }), [
      'no worker polls for one (last poll 120 s ago), which is current; start its workers',
    ]);
    assert.deepEqual(sentences({ status: 'ramping', last_poll: null }), [
      'no worker polls for one, which is ramping; start its workers',
    ]);
    assert.deepEqual(sentences({ status: 'draining', open: 2 }), [
      'no worker polls for one (last poll 120 s ago), with 2 executions open; start its workers again',
    ]);
  });

  it('are not those of a version whose workers poll, and of one that has nothing to do', () => {
    const last_poll = new Date(NOW - 10_000).toISOString();
    assert.deepEqual(sentences({ status: 'current', last_poll }), []);
    assert.deepEqual(sentences({ status: 'draining', open: 2, last_poll }), []);
    for (const status of ['draining', 'drained', 'inactive'] as const) assert.deepEqual(sentences({ status }), []);
  });
});
