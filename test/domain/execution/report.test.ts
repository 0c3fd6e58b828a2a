import assert from 'node:assert/strict';
import { serializable } from '../../../src/domain/values/serializable.js';
import { makeReport, outcomeOf } from '../../../src/domain/execution/report.js';
import type { IntentResult } from '../../../src/domain/intents/result.js';
import { withoutEffect } from '../../../src/domain/execution/without-effect.js';

const result = (status: IntentResult['status'], extra: object = {}): IntentResult => ({
  ...withoutEffect(
    { id: 'i', type: 'PersistState' },
    { status: 'failed', error: 'e'.repeat(500), errorCode: 'X', timestamp: 't' },
  ),
  status,
  success: status === 'succeeded',
  ...extra,
});
const head = { request_id: 'r', workflow_id: 'w', outcome: 'partial' } as const;

describe('makeReport', () => {
  it('counts by status and keeps everything that fits', () => {
    const results = [result('succeeded'), result('failed'), result('succeeded')];
    assert.deepEqual(makeReport(head, results), {
      ...head,
      counts: { succeeded: 2, failed: 1 },
      results,
      truncated: false,
    });
  });

  it('keeps base fields and shortened errors of what does not fit', () => {
    const results = Array.from({ length: 100 }, () =>
      result('failed', { failure_class: 'unknown', big: 'x'.repeat(10_000) }),
    );
    const report = makeReport(head, results, 100_000);
    assert.equal(report.truncated, true);
    assert.equal(report.results.length, 100);
    assert.ok(JSON.stringify(report).length < 100_000);
    assert.equal(report.results[0]!.error?.length, 300);
    assert.equal(report.results[0]!['big'], undefined);
    assert.deepEqual([report.results[0]!.error_code, report.results[0]!.failure_class], ['X', 'unknown']);
  });
});

describe('outcomeOf', () => {
  it('is completed only when all succeeded', () => {
    assert.equal(outcomeOf([]), 'completed');
    assert.equal(outcomeOf([result('succeeded')]), 'completed');
    for (const status of ['failed', 'skipped', 'dead_lettered', 'unknown'] as const) {
      assert.equal(outcomeOf([result('succeeded'), result(status)]), 'partial');
    }
  });
});

describe('serializable', () => {
  it('leaves alone what JSON can represent', () => {
    const value = { a: [1, { b: null, c: 'x' }] };
    assert.equal(serializable(value), value);
  });

  it('cuts nesting of any depth, and keeps infinite numbers from becoming null', () => {
    for (const levels of [100, 8_000, 200_000]) {
      const deep: unknown = JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
      assert.ok(JSON.stringify(serializable({ deep })).length < 200);
    }
    assert.deepEqual(serializable(JSON.parse('{"n":[1e400,-1e400]}')), { n: [Number.MAX_VALUE, -Number.MAX_VALUE] });
  });
});
