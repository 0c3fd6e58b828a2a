import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { isFinal, toTemporalFailure } from '../../../activities/attempts/retries.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import { ERROR_CODES, type Store } from '../../../src/domain/failures/store.js';

describe('toTemporalFailure', () => {
  afterEach(() => mock.restoreAll());

  /** An attempt that begins at `now`, after `failed` others whose first began at 0. */
  const running = (failureClass: FailureClass, failed = 0, budget = new OutageBudget(), asked: Store = 'postgres') => ({
    asked,
    spent:
      failed === 0 ? {} : { [`${ERROR_CODES[asked]}/${failureClass}`]: failed, [`${ERROR_CODES[asked]} since`]: 0 },
    startedAt: budget.now(),
    budget,
  });

  const failureOf = (failureClass: FailureClass, attempt: number, budget = new OutageBudget(undefined, () => 0)) => {
    const failure = toTemporalFailure(running(failureClass, attempt - 1, budget), new EffectError(failureClass, 'why'));
    assert.ok(failure instanceof ApplicationFailure);
    assert.equal(failure.type, failureClass);
    assert.equal(failure.message, 'why');
    return failure;
  };

  it('never retries an invalid intent', () => {
    assert.equal(failureOf('invalid', 1).nonRetryable, true);
  });

  it('gives an unknown failure three attempts, and counts no transient one', () => {
    assert.deepEqual(
      [1, 2, 3].map((attempt) => failureOf('unknown', attempt).nonRetryable),
      [false, false, true],
    );
    assert.equal(failureOf('transient', 99).nonRetryable, false);
  });

  it('treats a foreign error as unknown, and lets cancellation and Temporal’s own failures through', () => {
    const foreign = toTemporalFailure(running('unknown', 2), new TypeError('defect'));
    assert.ok(foreign instanceof ApplicationFailure && foreign.type === 'unknown' && foreign.nonRetryable === true);
    for (const own of [new CancelledFailure('stop'), ApplicationFailure.retryable('again')]) {
      assert.equal(toTemporalFailure(running('unknown', 8), own), own);
    }
  });

  for (const failureClass of ['unavailable', 'transient'] as const) {
    it(`ends attempts that are ${failureClass} with the failure nearest to the end of the budget`, () => {
      mock.method(Math, 'random', () => 0.5);
      let now = 0;
      const budget = new OutageBudget(60_000, () => now);
      const finalAt = (ms: number, attempt: number): unknown => {
        now = ms;
        return failureOf(failureClass, attempt, budget).nonRetryable;
      };
      // The delays are 1 s, then 30 s: at 45 s the next failure would be as far from the end as this one.
      assert.deepEqual(
        [finalAt(0, 1), finalAt(44_999, 9), finalAt(45_000, 9), finalAt(45_001, 9)],
        [false, false, false, true],
      );
      assert.deepEqual([finalAt(59_000, 1), finalAt(60_000, 2)], [false, true]);
    });
  }

  it('expects the next attempt to take as long as this one', () => {
    mock.method(Math, 'random', () => 0.5);
    let now = 0;
    const budget = new OutageBudget(900_000, () => now);
    const isFinalAfter = (startedAt: number, ms: number): boolean => {
      now = startedAt + ms;
      const error = new EffectError('unavailable', 'why');
      return isFinal(toTemporalFailure({ ...running('unavailable', 9, budget), startedAt }, error));
    };
    // The next failure would be 95 s later; the end of the budget is 47 s, and 48 s, away.
    assert.deepEqual([isFinalAfter(788_000, 65_000), isFinalAfter(787_000, 65_000)], [true, false]);
  });

  describe('a call that a breaker refused', () => {
    const refused = (budget: OutageBudget, retryAfterMs: number, attempt = 1) => {
      const error = new EffectError('unavailable', 'open', { store: 'postgres', retryAfterMs });
      const failure = toTemporalFailure(running('unavailable', attempt - 1, budget), error);
      assert.ok(failure instanceof ApplicationFailure);
      return failure;
    };

    it('comes back when the breaker lets it through, spread so that all do not come at once', () => {
      const delays = (ms: number) =>
        Array.from({ length: 200 }, () => Number(refused(new OutageBudget(undefined, () => 0), ms).nextRetryDelay));
      for (const [ms, latest] of [
        [60_000, 75_000],
        [1, 1_001],
      ] as const) {
        const all = delays(ms);
        assert.ok(Math.min(...all) >= ms && Math.max(...all) <= latest, `${Math.min(...all)} to ${Math.max(...all)}`);
        assert.ok(Math.max(...all) - Math.min(...all) > (latest - ms) / 2, 'spread');
      }
    });

    it('is counted like a failure, and is the last when the breaker stays open for far longer than the budget', () => {
      let now = 0;
      const budget = new OutageBudget(600_000, () => now);
      assert.equal(refused(budget, 60_000).nonRetryable, false);
      now = 500_000;
      assert.equal(refused(budget, 60_000, 9).nonRetryable, false);
      assert.equal(refused(budget, 300_000, 9).nonRetryable, true);
      now = 600_000;
      assert.equal(refused(budget, 1, 9).nonRetryable, true);
    });
  });

  it('names the store at fault, which need not be the intent type’s, and since when it fails', () => {
    const error = new EffectError('unavailable', 'down', { store: 'postgres' });
    const spent = { 'KAFKA_ERROR since': 1, 'DATABASE_ERROR since': 2_000 };
    const attempt = { ...running('unavailable', 0, new OutageBudget(undefined, () => 3_000), 'kafka'), spent };
    const failure = toTemporalFailure(attempt, error);
    assert.ok(failure instanceof ApplicationFailure);
    assert.deepEqual(failure.details, ['DATABASE_ERROR', 2_000]);
    assert.deepEqual(failureOf('unknown', 1, new OutageBudget(1, () => 7)).details, ['DATABASE_ERROR', 7]);
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
