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
    const report = makeReport(head, results, 65_000);
    assert.equal(report.truncated, true);
    assert.equal(report.results.length, 100);
    assert.ok(JSON.stringify(report).length < 65_000);
    assert.equal(report.results[0]!.error?.length, 300);
    assert.equal(report.results[0]!['big'], undefined);
    assert.deepEqual([report.results[0]!.error_code, report.results[0]!.failure_class], ['X', 'unknown']);
  });
});

describe('a report that is too large', () => {
  const page = {
    recovered_states: { w: { current_state: 'S', note: 'x'.repeat(5_000) } },
    next_cursor: 'c',
    truncated: true,
  };
  const states = () => result('succeeded', { error: null, ...page });
  const wide = () => result('succeeded', { error: null, namespaces_persisted: Array(1_000).fill('namespace') });
  const bytes = (one: object) => JSON.stringify(one).length;

  it('keeps what was asked for: the page of states and its cursor, whole', () => {
    const given = [states(), wide(), wide()];
    const report = makeReport(head, given, 10_000);
    assert.ok(bytes(report) <= 10_000);
    assert.equal(report.truncated, true);
    assert.deepEqual(report.results[0], given[0]);
    for (const one of report.results.slice(1)) {
      assert.deepEqual([one['cut'], one['namespaces_persisted'], one.success], [true, undefined, true]);
    }
  });

  it('says of each result whether it lacks anything', () => {
    const whole = result('succeeded', { error: null });
    const report = makeReport(head, [whole, wide(), result('failed'), result('failed', { error: 'short' })], 2_000);
    assert.deepEqual(
      report.results.map(({ cut }) => cut),
      [undefined, true, undefined, undefined],
    );
    assert.equal(report.results[2]!.error?.length, 500, 'errors are cut after fields');
    const smaller = makeReport(
      head,
      [whole, wide(), result('failed'), result('failed', { error: 'short' })],
      bytes(report) - 1,
    );
    assert.deepEqual(
      smaller.results.map(({ cut, error }) => [cut, error?.length]),
      [
        [undefined, undefined],
        [true, undefined],
        [true, 300],
        [undefined, 5],
      ],
    );
  });

  it('cuts errors before it gives a page up', () => {
    const given = [states(), result('failed'), result('failed')];
    const report = makeReport(head, given, bytes(makeReport(head, given, Infinity)) - 2);
    assert.deepEqual(report.results[0], given[0]);
    assert.deepEqual(
      report.results.slice(1).map(({ cut, error }) => [cut, error?.length]),
      [
        [true, 300],
        [true, 300],
      ],
    );
  });

  it('gives a page up last, and says so', () => {
    const report = makeReport(head, [states()], 1_000);
    assert.ok(bytes(report) <= 1_000);
    assert.deepEqual([report.results[0]!['cut'], report.results[0]!['recovered_states']], [true, undefined]);
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
