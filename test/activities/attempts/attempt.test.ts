/**
 * These tests check what an attempt knows of the attempts before it. Without that, an outage would use up the attempts
 * at a deadlock.
 */
import assert from 'node:assert/strict';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { failAttempt, isFinal, standingOf, toTemporalFailure } from '../../../activities/attempts/retries.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { failuresOf, spend, spentBefore } from '../../../activities/attempts/spent-attempts.js';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import type { Store } from '../../../src/domain/failures/store.js';
import { QUIET } from '../../support/quiet.js';

const CODE = 'DATABASE_ERROR';
const failing = (failureClass: FailureClass, store?: Store) =>
  new EffectError(failureClass, 'why', store === undefined ? {} : { store });

describe('what earlier attempts have spent', () => {
  it('is read from the heartbeat, and is nothing when that is of another shape', () => {
    assert.deepEqual(spentBefore({ heartbeatDetails: { 'A/unknown': 2 } }), { 'A/unknown': 2 });
    for (const heartbeatDetails of [undefined, null, 7, 'x', { 'A/unknown': -1 }, { 'A/unknown': 1.5 }, { a: 'b' }]) {
      assert.deepEqual(spentBefore({ heartbeatDetails }), {});
    }
    assert.deepEqual(spentBefore({ heartbeatDetails: { 'A/unknown': 0 } }), { 'A/unknown': 0 });
  });

  it('is counted by store, whatever the class', () => {
    const spent = { 'DATABASE_ERROR/unknown': 2, 'DATABASE_ERROR/transient': 3, 'DATABASE_ERRORS/unknown': 10 };
    const of = { ...spent, 'KAFKA_ERROR/unknown': 20 };
    const stores = ['postgres', 'kafka', 'temporal'] as const;
    assert.deepEqual(
      stores.map((store) => failuresOf(of, store)),
      [5, 20, 0],
    );
  });

  it('grows by one, for the store that the error names, else for the intent type’s', () => {
    const [transient, unavailable, unknown] = ['transient', 'unavailable', 'unknown'].map((name) => `${CODE}/${name}`);
    const spent = { [`${CODE}/transient`]: 3 };
    assert.deepEqual(spend(spent, failing('transient'), 'postgres'), { spent: { [`${transient}`]: 4 }, alike: 4 });
    assert.deepEqual(spend(spent, failing('unavailable'), 'postgres'), {
      spent: { ...spent, [`${unavailable}`]: 1 },
      alike: 1,
    });
    const others = spend(spent, failing('transient', 'temporal'), 'postgres').spent;
    assert.deepEqual(others, { ...spent, 'TEMPORAL_ERROR/transient': 1 });
    for (const foreign of [new TypeError('x'), 'text', undefined]) {
      assert.deepEqual(spend(spent, foreign, 'postgres').spent, { ...spent, [`${unknown}`]: 1 });
    }
  });
});

describe('a failed attempt', () => {
  const fail = async (heartbeatDetails: unknown, error: unknown) => {
    const environment = new MockActivityEnvironment({ attempt: 41 }, QUIET);
    const beats: unknown[] = [];
    environment.on('heartbeat', (details: unknown) => beats.push(details));
    const failure = await environment.run(() =>
      Promise.resolve(failAttempt({ heartbeatDetails }, error, 'postgres', new OutageBudget())),
    );
    assert.ok(failure instanceof ApplicationFailure);
    return { beats, failure };
  };

  it('hands on what it has spent, and is final by the number of those that failed alike', async () => {
    const before = { [`${CODE}/unavailable`]: 40, [`${CODE}/unknown`]: 1 };
    const second = await fail(before, new TypeError('defect'));
    assert.deepEqual(second.beats, [{ [`${CODE}/unavailable`]: 40, [`${CODE}/unknown`]: 2 }]);
    assert.equal(second.failure.nonRetryable, false);
    const third = await fail(second.beats[0], new TypeError('defect'));
    assert.equal(third.failure.nonRetryable, true);
  });

  it('says why, in which class, of which store, and when to come back', async () => {
    const { failure } = await fail(undefined, failing('transient'));
    assert.deepEqual([failure.message, failure.type, failure.details], ['why', 'transient', [CODE]]);
    assert.ok(failure.cause instanceof EffectError);
    assert.ok(Number(failure.nextRetryDelay) >= 800);
    const last = await fail({ [`${CODE}/transient`]: 9 }, failing('transient'));
    assert.equal(last.failure.nextRetryDelay, undefined);
    const thrown = await fail(undefined, 'a text');
    assert.deepEqual([thrown.failure.message, thrown.failure.cause], ['a text', undefined]);
  });

  it('stands where those of its store have brought it, and knows whether it is the last', () => {
    const standing = (spent: object) => standingOf({ heartbeatDetails: spent }, 'postgres', new OutageBudget());
    assert.equal(standing({}).attempt, 1);
    const late = standing({
      [`${CODE}/unavailable`]: 2,
      [`${CODE}/transient`]: 8,
      'KAFKA_ERROR/unknown': 9,
    });
    assert.equal(late.attempt, 11);
    assert.equal(late.isLast(failing('transient')), false);
    assert.equal(late.isLast(failing('unknown')), false);
    assert.equal(late.isLast(failing('invalid')), true);
    assert.equal(standing({ [`${CODE}/transient`]: 9 }).isLast(failing('transient')), true);
    assert.equal(standing({ [`${CODE}/unknown`]: 2 }).isLast(new TypeError('defect')), true);
  });

  it('is final only when Temporal makes no other', () => {
    assert.equal(isFinal(ApplicationFailure.nonRetryable('x')), true);
    for (const other of [ApplicationFailure.retryable('x'), new CancelledFailure('x'), new Error('x'), undefined]) {
      assert.equal(isFinal(other), false);
    }
  });
});

describe('the budget of an outage', () => {
  /** Returns the milliseconds after which a store is given up that failed at 0 and every `step`. */
  const lasts = (budget: OutageBudget, at: (now: number) => void, step: number): number => {
    for (let now = 0; ; now += step) {
      at(now);
      const failure = toTemporalFailure(failing('unavailable'), 'postgres', 1, budget);
      if (isFinal(failure)) return now;
    }
  };

  it('is 15 minutes where nobody says otherwise', () => {
    let now = 0;
    assert.equal(
      lasts(new OutageBudget(undefined, () => now), (time) => (now = time), 30_000),
      930_000,
    );
  });

  it('is kept for each store apart', () => {
    let now = 0;
    const budget = new OutageBudget(1_000, () => now);
    budget.exhausted('postgres');
    now = 2_000;
    assert.deepEqual([budget.exhausted('kafka'), budget.exhausted('postgres')], [false, true]);
    budget.succeeded('kafka');
    assert.equal(budget.exhausted('postgres'), true, 'what one can do does not help the other');
  });

  it('goes on over a minute of silence, and begins anew after a longer one', () => {
    for (const [silence, exhausted] of [
      [60_000, true],
      [60_001, false],
    ] as const) {
      let now = 0;
      const budget = new OutageBudget(50_000, () => now);
      budget.exhausted('postgres');
      now = silence;
      assert.equal(budget.exhausted('postgres'), exhausted);
      assert.equal(new OutageBudget(50_000, () => now).refused('postgres', 1), false);
    }
  });

  it('is not cut by a failure that ends before a refused call comes back', () => {
    let now = 0;
    const budget = new OutageBudget(600_000, () => now);
    budget.exhausted('postgres');
    budget.refused('postgres', 500_000);
    now = 1_000;
    budget.exhausted('postgres');
    // A shorter refusal does not cut the budget either.
    budget.refused('postgres', 1_000);
    now = 560_000;
    assert.equal(budget.exhausted('postgres'), false);
    now = 600_001;
    assert.equal(budget.exhausted('postgres'), true, 'counted from the first failure');
  });

  it('is spent for refused calls from the first millisecond after it, whatever the time of day', () => {
    let now = 1_000_000;
    const budget = new OutageBudget(50_000, () => now);
    budget.exhausted('postgres');
    now += 50_000;
    assert.equal(budget.refused('postgres', 1), false);
    now += 1;
    assert.equal(budget.refused('postgres', 1), true);
  });
});
