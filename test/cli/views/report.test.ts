/** These tests check a report as a person reads it, without a server. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createOutput, type Output, rendered } from '../../../src/cli/views/output.js';
import { printReport, printTotals } from '../../../src/cli/views/report.js';
import type { IntentsReport } from '../../../src/client/index.js';
import { parseIntent } from '../../../src/domain/intents/parse.js';
import { definitions } from '../../support/definitions.js';

type Row = IntentsReport['results'][number];

const result = (status: 'succeeded' | 'failed' | 'skipped'): Row => ({
  intent_id: randomUUID(),
  intent_type: 'PublishEvent',
  status,
  success: status === 'succeeded',
  error: status === 'succeeded' ? null : `why it was ${status}`,
  execution_time_ms: 1,
  timestamp: new Date().toISOString(),
});

describe('the report that is printed', () => {
  it('shows what went wrong in a list that is too long for its table, and counts what it cuts off', () => {
    // The failed and skipped intents are where a table of the first 40 would not show them.
    const results = [
      ...Array.from({ length: 45 }, () => result('succeeded')),
      result('skipped'),
      result('failed'),
      result('skipped'),
      result('failed'),
    ];
    const lines: string[] = [];
    let rows: readonly (readonly string[])[] = [];
    const out: Output = {
      ...createOutput({ json: false, color: false }),
      line: (text = '') => void lines.push(rendered(text)),
      table: (_head, given) => void (rows = given.map((row) => row.map(rendered))),
    };
    const counts = { succeeded: 45, failed: 2, skipped: 2 };
    printReport(out, { request_id: 'r', workflow_id: 'w', outcome: 'partial', counts, results, truncated: false });
    assert.equal(rows.length, 40);
    assert.deepEqual(
      rows.slice(0, 5).map(([index, , status, , what]) => [index, status, what]),
      [
        ['46', 'failed', 'why it was failed'],
        ['48', 'failed', 'why it was failed'],
        ['45', 'skipped', 'why it was skipped'],
        ['47', 'skipped', 'why it was skipped'],
        ['0', 'succeeded', ' to '],
      ],
    );
    assert.equal(lines.at(-1), '… and 9 more; --json prints them all');
  });

  it('shows all of what was refused: the field, what was expected, and what was found', () => {
    const intent = { intent_type: 'PublishEvent', target: 'event_bus', payload: { event_type: 'NOPE' } };
    const refused = parseIntent(intent, definitions);
    assert.ok(!refused.ok);
    let rows: readonly (readonly string[])[] = [];
    const out: Output = {
      ...createOutput({ json: false, color: false }),
      line: () => undefined,
      table: (_head, given) => void (rows = given.map((row) => row.map(rendered))),
    };
    const results = [{ ...result('failed'), error: refused.error }];
    const report = {
      request_id: 'r',
      workflow_id: 'w',
      outcome: 'partial',
      counts: { failed: 1 },
      results,
      truncated: false,
    } as const;
    printReport(out, report);
    const [shown = ''] = rows.map(([, , , , what]) => what);
    assert.equal(shown, refused.error);
    assert.match(refused.error, /^payload\.event_type: expected one of AGG.*, OPERATION_FAILED, got string "NOPE"$/);
    printTotals(out, [report], 0);
    assert.equal(rows[0]?.[2], refused.error);
  });
});
