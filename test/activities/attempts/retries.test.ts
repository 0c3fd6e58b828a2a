import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { toTemporalFailure } from '../../../activities/attempts/retries.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';

describe('toTemporalFailure', () => {
  afterEach(() => mock.restoreAll());

  const failureOf = (failureClass: FailureClass, attempt: number, budget = new OutageBudget()) => {
    const failure = toTemporalFailure(new EffectError(failureClass, 'why'), 'postgres', attempt, budget);
    assert.ok(failure instanceof ApplicationFailure);
    assert.equal(failure.type, failureClass);
    assert.equal(failure.message, 'why');
    return failure;
  };

  it('never retries an invalid intent', () => {
    assert.equal(failureOf('invalid', 1).nonRetryable, true);
  });

  it('gives an unknown failure three attempts, a transient one ten', () => {
    assert.deepEqual(
      [1, 2, 3].map((attempt) => failureOf('unknown', attempt).nonRetryable),
      [false, false, true],
    );
    assert.deepEqual(
      [1, 9, 10].map((attempt) => failureOf('transient', attempt).nonRetryable),
      [false, false, true],
    );
  });

  it('treats a foreign error as unknown, and lets cancellation and Temporal’s own failures through', () => {
    const budget = new OutageBudget();
    const foreign = toTemporalFailure(new TypeError('defect'), 'postgres', 3, budget);
    assert.ok(foreign instanceof ApplicationFailure && foreign.type === 'unknown' && foreign.nonRetryable === true);
    for (const own of [new CancelledFailure('stop'), ApplicationFailure.retryable('again')]) {
      assert.equal(toTemporalFailure(own, 'postgres', 9, budget), own);
    }
  });

  it('waits an outage out until its budget is spent, counted from the store’s first failure', () => {
    let now = 0;
    const budget = new OutageBudget(60_000, () => now);
    assert.equal(failureOf('unavailable', 1, budget).nonRetryable, false);
    now = 30_000;
    assert.equal(failureOf('unavailable', 15, budget).nonRetryable, false);
    now = 60_000;
    assert.equal(failureOf('unavailable', 30, budget).nonRetryable, false);
    now = 60_001;
    assert.equal(failureOf('unavailable', 31, budget).nonRetryable, true);
    budget.succeeded('postgres');
    assert.equal(failureOf('unavailable', 1, budget).nonRetryable, false);
  });

  it('forgets an outage that nobody has failed in for a minute', () => {
    let now = 0;
    const budget = new OutageBudget(60_000, () => now);
    assert.equal(failureOf('unavailable', 1, budget).nonRetryable, false);
    now = 3_600_000;
    assert.equal(failureOf('unavailable', 1, budget).nonRetryable, false);
  });

  describe('a call that a breaker refused', () => {
    const refused = (budget: OutageBudget, retryAfterMs: number, attempt = 1) => {
      const error = new EffectError('unavailable', 'open', { store: 'postgres', retryAfterMs });
      const failure = toTemporalFailure(error, 'kafka', attempt, budget);
      assert.ok(failure instanceof ApplicationFailure);
      return failure;
    };

    it('comes back when the breaker lets it through, spread so that all do not come at once', () => {
      const delays = (ms: number) =>
        Array.from({ length: 200 }, (_, index) => Number(refused(new OutageBudget(), ms, index).nextRetryDelay));
      for (const [ms, latest] of [
        [60_000, 75_000],
        [1, 1_001],
      ] as const) {
        const all = delays(ms);
        assert.ok(Math.min(...all) >= ms && Math.max(...all) <= latest, `${Math.min(...all)} to ${Math.max(...all)}`);
        assert.ok(Math.max(...all) - Math.min(...all) > (latest - ms) / 2, 'spread');
      }
    });

    it('begins no outage', () => {
      let now = 0;
      const budget = new OutageBudget(60_000, () => now);
      assert.equal(refused(budget, 50_000).nonRetryable, false);
      now = 50_000;
      assert.equal(failureOf('unavailable', 2, budget).nonRetryable, false);
      now = 110_000;
      assert.equal(failureOf('unavailable', 3, budget).nonRetryable, false, 'counted from the refusal');
      now = 110_001;
      assert.equal(failureOf('unavailable', 4, budget).nonRetryable, true);
    });

    it('keeps an outage alive until it comes back, and is given up with it', () => {
      let now = 0;
      const budget = new OutageBudget(15 * 60_000, () => now);
      assert.equal(failureOf('unavailable', 1, budget).nonRetryable, false);
      // The store is probed once in 61 s. Each probe comes just after the minute after which a silent outage is
      // forgotten.
      while (now <= budget.budgetMs) {
        now += 1_000;
        const failure = refused(budget, 61_000);
        assert.equal(failure.nonRetryable, now > budget.budgetMs, `refused after ${now} ms`);
        now += Number(failure.nextRetryDelay ?? 0);
        assert.equal(failureOf('unavailable', 9, budget).nonRetryable, now > budget.budgetMs, `after ${now} ms`);
      }
      assert.equal(refused(budget, 1_000).nonRetryable, true);
    });

    it('keeps it alive however long the breaker stays open', () => {
      let now = 0;
      const budget = new OutageBudget(60_000, () => now);
      failureOf('unavailable', 1, budget);
      assert.equal(refused(budget, 600_000).nonRetryable, false);
      now = 600_000;
      assert.equal(failureOf('unavailable', 2, budget).nonRetryable, true);
    });
  });

  it('names the store at fault, which need not be the intent type’s', () => {
    const error = new EffectError('unavailable', 'down', { store: 'postgres' });
    const failure = toTemporalFailure(error, 'kafka', 1, new OutageBudget());
    assert.ok(failure instanceof ApplicationFailure);
    assert.deepEqual(failure.details, ['DATABASE_ERROR']);
  });

  it('backs off exponentially to 30 s, with a fifth of jitter either way', () => {
    const random = mock.method(Math, 'random', () => 0);
    const delaysWith = (drawn: number): unknown[] => {
      random.mock.mockImplementation(() => drawn);
      return [1, 2, 4, 9].map((attempt) => Number(failureOf('transient', attempt).nextRetryDelay));
    };
    assert.deepEqual(delaysWith(0), [800, 1_600, 6_400, 24_000]);
    assert.deepEqual(delaysWith(0.5), [1_000, 2_000, 8_000, 30_000]);
    assert.deepEqual(delaysWith(1), [1_200, 2_400, 9_600, 36_000]);
  });
});
