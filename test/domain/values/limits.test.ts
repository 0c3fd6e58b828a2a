/**
 * These tests check what a list may hold. A larger one is refused before anything runs, because Temporal could not take
 * it.
 */
import assert from 'node:assert/strict';
import {
  checkLimits,
  CURSOR_LENGTH,
  DEFAULT_LIMITS,
  jsonBytes,
  LARGEST_PAGE,
  pageBytes,
  REPORT_BYTES,
} from '../../../src/domain/values/limits.js';
import { makeReport } from '../../../src/domain/execution/report.js';
import type { IntentResult } from '../../../src/domain/intents/result.js';
import { VERDICT_BYTES } from '../../../src/domain/intake/list.js';

describe('the limits of a list', () => {
  it('are those that the documents and the servers know', () => {
    assert.deepEqual(DEFAULT_LIMITS, { intents: 2_000, bytes: 1_500_000, priorities: 32, pages: 50, depth: 64 });
    assert.equal(REPORT_BYTES, 1_500_000);
  });

  it('let through what is at them, and name what is over', () => {
    const limits = { ...DEFAULT_LIMITS, intents: 2, bytes: 9 };
    checkLimits([1, 2], limits);
    checkLimits(['é', 12], limits);
    assert.throws(() => checkLimits([1, 2, 3], limits), {
      name: 'LimitError',
      message: 'intents: the list holds 3 intents, the limit is 2; split it into several lists',
    });
    assert.throws(() => checkLimits(['éé', 12], limits), {
      name: 'LimitError',
      message: 'intents: the list is 11 bytes of JSON, the limit is 9; split it into several lists',
    });
    assert.equal(jsonBytes(['é']), 6);
  });
});

describe('the bytes a page may take', () => {
  it('are what the other results leave of the report, shared out', () => {
    // A result takes 500 bytes, and what is beside a page 6,500.
    assert.equal(pageBytes(1, 1), 1_500_000 - 6_500);
    assert.equal(LARGEST_PAGE, pageBytes(1, 1));
    assert.equal(pageBytes(11, 1), 1_500_000 - 10 * 500 - 6_500);
    assert.equal(pageBytes(12, 2), (1_500_000 - 10 * 500) / 2 - 6_500);
    assert.equal(pageBytes(3, 3), 500_000 - 6_500);
    assert.equal(pageBytes(7, 7), Math.floor(1_500_000 / 7) - 6_500);
    assert.equal(pageBytes(11, 1, VERDICT_BYTES), 900_000 - 10 * 500 - 6_500);
  });

  it('are never fewer than hold some states, nor divided by nothing', () => {
    assert.equal(pageBytes(2_000, 50, VERDICT_BYTES), 10_000);
    assert.equal(pageBytes(4, 0), 1_500_000 - 4 * 500 - 6_500);
  });

  it('leave room for results of the longest kind', () => {
    for (const [intents, paged] of [
      [1, 1],
      [50, 50],
      [200, 10],
    ] as const) {
      const page = pageBytes(intents, paged);
      assert.ok(paged * (page + CURSOR_LENGTH + 1_000) + intents * 500 <= REPORT_BYTES);
    }
  });
});

describe('a report that is too large', () => {
  const head = { request_id: 'r', workflow_id: 'w', outcome: 'partial' } as const;
  const results = (count: number, rest: object = {}): IntentResult[] =>
    Array.from({ length: count }, (_, n) => ({
      intent_id: `i-${n}`,
      intent_type: 'PersistState',
      status: 'failed',
      success: false,
      error: 'é'.repeat(400),
      error_code: 'X',
      failure_class: 'unknown',
      execution_time_ms: 7,
      timestamp: 't',
      ...rest,
    }));
  const errorLength = (maxBytes: number, count = 10): number | undefined =>
    makeReport(head, results(count, { extra: 1 }), maxBytes).results[0]?.error?.length;

  it('has its errors cut to what fits, and no shorter', () => {
    const whole = jsonBytes(makeReport(head, results(10, { extra: 1 }), Infinity));
    assert.equal(errorLength(whole), 400, 'to the byte');
    assert.equal(errorLength(whole - 1), 300);
    // A character of three bytes stands for the middle that is cut out.
    const cutTo = (length: number) => `${'é'.repeat(length - 1)}…`;
    const at = (length: number) =>
      jsonBytes(makeReport(head, results(10, { error: cutTo(length), cut: true }), Infinity));
    // `truncated: false` takes a byte more than `true`.
    assert.equal(errorLength(at(300) - 1), 300);
    assert.equal(errorLength(at(300) - 2), 100);
    assert.equal(errorLength(at(100) - 2), 40);
    assert.equal(errorLength(1), 40, 'there is no shorter one');
  });

  it('keeps what each result has to say, a success’s null and what an older worker left out included', () => {
    const succeeded = {
      status: 'succeeded',
      success: true,
      error: null,
      error_code: undefined,
      failure_class: undefined,
    };
    const given = [...results(1), ...results(1, { ...succeeded, big: 'x'.repeat(9_000) })];
    const report = makeReport(head, given, 1_200);
    assert.deepEqual(report.results, [
      { ...given[0], error: `${'é'.repeat(150)}…${'é'.repeat(149)}`, cut: true },
      {
        intent_id: 'i-0',
        intent_type: 'PersistState',
        status: 'succeeded',
        success: true,
        error: null,
        execution_time_ms: 7,
        timestamp: 't',
        cut: true,
      },
    ]);
    assert.deepEqual([report.truncated, report.counts], [true, { failed: 1, succeeded: 1 }]);
    assert.ok(!('error_code' in report.results[1]!) && !('failure_class' in report.results[1]!));
  });

  it('fits a payload, whatever the errors of 2,000 results are', () => {
    const report = makeReport(head, results(2_000, { error: '\u0001'.repeat(500) }));
    assert.ok(jsonBytes(report) <= REPORT_BYTES, `${jsonBytes(report)} bytes`);
  });
});
