/**
 * These tests check what `bridge recover` shows, without a server. It has a progress bar, and says when PostgreSQL
 * could not count.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { gatherStates } from '../../../src/cli/gather-states.js';
import { createOutput, type Output, rendered } from '../../../src/cli/views/output.js';
import { cutAt, showStates } from '../../../src/cli/views/recovered-states.js';
import type { IntentsReport } from '../../../src/client/index.js';
import { RecoveredStatesWalk } from '../../../src/client/recovered-states.js';
import type { RecoveredState } from '../../../src/domain/intents/recover-fsm-states/schema.js';

/** Returns a page with more behind it, of workflows in PROCESSING. */
const page = (states: number, total?: number): IntentsReport => ({
  request_id: 'r',
  workflow_id: 'w',
  outcome: 'completed',
  counts: { succeeded: 1 },
  truncated: false,
  results: [
    {
      intent_id: randomUUID(),
      intent_type: 'RecoverFSMStates',
      status: 'succeeded',
      success: true,
      error: null,
      execution_time_ms: 1,
      timestamp: NOW,
      recovered_states: Object.fromEntries(Array.from({ length: states }, () => [randomUUID(), STATE])),
      total_recovered: states,
      failed: 0,
      truncated: true,
      next_cursor: randomUUID(),
      ...(total === undefined ? {} : { total_matching: total }),
    },
  ],
});
const NOW = new Date().toISOString();
const STATE: RecoveredState = {
  current_state: 'PROCESSING',
  previous_state: null,
  arrival: 1,
  epoch: 1,
  transition_count: 1,
  metadata: {},
  last_transition_at: NOW,
};

describe('bridge recover', () => {
  it('stops its bar when a page fails: its timer would keep the process from ending', async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 100 });
    const walk = new RecoveredStatesWalk(
      (_, { requestId }) =>
        requestId?.endsWith('-1') === true ? Promise.resolve(page(3, 9)) : Promise.reject(new Error('page 2 failed')),
      {},
    );
    await assert.rejects(gatherStates(walk, terminal), /page 2 failed/);
    const shown = String(terminal.read());
    // The terminal's line wrapping is off while the bar is shown, and on again when the bar stops.
    assert.ok(shown.indexOf('\u001B[?7l') < shown.indexOf('\u001B[?7h'), JSON.stringify(shown));
    assert.match(shown, /3\/9 states/);
  });

  for (const [total, of] of [
    [undefined, 'more'],
    [9, '9'],
  ] as const) {
    it(`says that its limit has cut the states off, of ${of}`, async () => {
      const walk = new RecoveredStatesWalk(() => Promise.resolve(page(3, total)), { limit: 3 });
      const lines: string[] = [];
      const out: Output = {
        ...createOutput({ json: false, color: false }),
        line: (text = '') => lines.push(rendered(text)),
      };
      showStates({ ...out, table: () => undefined }, await gatherStates(walk, undefined), walk, {
        stuckAfter: 1,
        limit: 3,
      });
      assert.deepEqual(lines, ['Stuck: none, among the newest 3; --all looks at all', '', `3 workflows of ${of}`]);
      assert.match(cutAt(3, walk), total === undefined ? /^only the newest 3 states were read/ : /^only .* of 9 were/);
    });
  }

  it('calls the states it has read the newest only where they all come from the first page', async () => {
    const walk = new RecoveredStatesWalk(() => Promise.resolve(page(2, 9)), { limit: 4 });
    const lines: string[] = [];
    const out: Output = {
      ...createOutput({ json: false, color: false }),
      line: (text = '') => lines.push(rendered(text)),
    };
    const states = await gatherStates(walk, undefined);
    showStates({ ...out, table: () => undefined }, states, walk, { stuckAfter: 1, limit: 4 });
    assert.deepEqual([states.size, walk.newest, lines[0]], [4, 2, 'Stuck: none, among 4; --all looks at all']);
    assert.match(cutAt(4, walk), /^only 4 states of 9 were read, and those stuck for longest may be among the others/);
  });

  /** Returns what a person sees of states that last moved on these days of January, which is long ago. */
  async function shownOf(states: readonly { readonly state: string; readonly day: number }[]) {
    const found = states.map(({ state, day }): [string, RecoveredState] => [
      `${state}-${day}`,
      { ...STATE, current_state: state, last_transition_at: new Date(Date.UTC(2026, 0, day)).toISOString() },
    ]);
    const one = page(0);
    const report = { ...one.results[0]!, recovered_states: Object.fromEntries(found), truncated: false };
    const walk = new RecoveredStatesWalk(
      () => Promise.resolve({ ...one, results: [{ ...report, next_cursor: null } as (typeof one.results)[number]] }),
      {},
    );
    const lines: string[] = [];
    const tables = new Map<string, readonly (readonly string[])[]>();
    const records: { stuck: string[] }[] = [];
    const out: Output = {
      ...createOutput({ json: false, color: false }),
      line: (text = '') => void lines.push(rendered(text)),
      table: ([head = ''], rows) =>
        void tables.set(
          head,
          rows.map((row) => row.map(rendered)),
        ),
      record: (value) => void records.push(value as { stuck: string[] }),
    };
    showStates(out, await gatherStates(walk, undefined), walk, { stuckAfter: 1, limit: 1_000 });
    return { lines, stuckShown: tables.get('workflow')?.map(([workflow]) => workflow), stuck: records[0]?.stuck };
  }

  it('lists those stuck for longest, and counts the others', async () => {
    // The days are in the order of pages: newest first.
    const days = Array.from({ length: 23 }, (_, n) => 23 - n);
    const { lines, stuckShown, stuck } = await shownOf(days.map((day) => ({ state: 'PROCESSING', day })));
    const oldestFirst = days.toReversed().map((day) => `PROCESSING-${day}`);
    assert.deepEqual(stuckShown, oldestFirst.slice(0, 20));
    assert.deepEqual(stuck, oldestFirst, 'with --json: all');
    assert.ok(lines.includes('and 3 more'), lines.join('\n'));
  });

  it('calls no workflow stuck that has ended, however it did', async () => {
    const ended = ['COMPLETED', 'FAILED', 'CANCELLED', 'CANCELED', 'TERMINATED', 'TIMED_OUT', 'ABORTED', 'timed_out'];
    const { stuck } = await shownOf([...ended, 'PENDING'].map((state) => ({ state, day: 1 })));
    assert.deepEqual(stuck, ['PENDING-1']);
  });
});
