/**
 * These tests check what an attempt knows of the attempts before it. Without that, an outage would use up the attempts
 * at a deadlock.
 */
import assert from 'node:assert/strict';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { attempt } from '../../../activities/attempts/attempt.js';
import { delayOf } from '../../../activities/attempts/backoff.js';
import { failAttempt, isFinal, standingOf } from '../../../activities/attempts/retries.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import {
  allFailures,
  failingFrom,
  failingSince,
  failuresOf,
  spend,
  type SpentAttempts,
  spentBefore,
} from '../../../activities/attempts/spent-attempts.js';
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
    assert.equal(allFailures(of), 35);
  });

  it('says since when a store fails, and that is no failure', () => {
    const first = failingFrom({ 'KAFKA_ERROR since': 3 }, 'postgres', 70);
    assert.deepEqual(first, { 'DATABASE_ERROR since': 70, 'KAFKA_ERROR since': 3 });
    assert.deepEqual(failingFrom(first, 'postgres', 90), first, 'the first counts');
    assert.deepEqual([failingSince(first, 'postgres'), failingSince(first, 'temporal')], [70, undefined]);
    assert.deepEqual([failuresOf(first, 'postgres'), allFailures(first)], [0, 0]);
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

const running = (spent: SpentAttempts, asked: Store = 'postgres') => ({
  asked,
  spent,
  startedAt: 500,
  budget: new OutageBudget(undefined, () => 500),
});

describe('a failed attempt', () => {
  const fail = async (heartbeatDetails: unknown, error: unknown) => {
    const environment = new MockActivityEnvironment({ attempt: 41 }, QUIET);
    const beats: unknown[] = [];
    environment.on('heartbeat', (details: unknown) => beats.push(details));
    const failure = await environment.run(() =>
      Promise.resolve(failAttempt(running(spentBefore({ heartbeatDetails })), error)),
    );
    assert.ok(failure instanceof ApplicationFailure);
    return { beats, failure };
  };

  it('hands on what it has spent, and is final by the number of those that failed alike', async () => {
    const before = { [`${CODE}/unavailable`]: 40, [`${CODE}/unknown`]: 1 };
    const second = await fail(before, new TypeError('defect'));
    assert.deepEqual(second.beats, [{ [`${CODE}/unavailable`]: 40, [`${CODE}/unknown`]: 2, [`${CODE} since`]: 500 }]);
    assert.equal(second.failure.nonRetryable, false);
    const third = await fail(second.beats[0], new TypeError('defect'));
    assert.equal(third.failure.nonRetryable, true);
  });

  it('says why, in which class, of which store, and when to come back', async () => {
    const { failure } = await fail(undefined, failing('transient'));
    assert.deepEqual([failure.message, failure.type, failure.details], ['why', 'transient', [CODE, 500]]);
    assert.ok(failure.cause instanceof EffectError);
    assert.ok(Number(failure.nextRetryDelay) >= 800);
    const last = await fail({ [`${CODE}/unknown`]: 2 }, failing('unknown'));
    assert.equal(last.failure.nextRetryDelay, undefined);
    const thrown = await fail(undefined, 'a text');
    assert.deepEqual([thrown.failure.message, thrown.failure.cause], ['a text', undefined]);
  });

  it('stands where those of its store have brought it, and knows whether it is the last', () => {
    const standing = (spent: SpentAttempts) => standingOf(running(spent));
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
    assert.equal(standing({ [`${CODE} since`]: 500 - 900_000 }).isLast(failing('transient')), true);
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
  /** An attempt ends with a failure after some milliseconds, or Temporal ends it without a word. */
  interface Ending {
    readonly after: number;
    readonly silent: boolean;
  }

  /** Returns the minutes until an activity is given up whose store is unavailable, by the server's clock. */
  async function lasts(
    endings: (attempt: number) => Ending,
    known?: Readonly<Record<string, number>>,
  ): Promise<number> {
    let now = 1_000_000;
    const from = now;
    let heartbeatDetails: unknown;
    for (let number = 1; number <= 100; number += 1) {
      // The attempts of one activity may go to any worker. Each worker has a budget of its own.
      const budget = new OutageBudget(undefined, () => now);
      const environment = new MockActivityEnvironment({ attempt: number, heartbeatDetails }, QUIET);
      environment.on('heartbeat', (details: unknown) => (heartbeatDetails = details));
      const { after: ms, silent } = endings(number);
      const startedAt = now;
      const asked: number[] = [];
      const failure = await environment
        .run(() =>
          attempt(
            'postgres',
            budget,
            () => {
              asked.push(number);
              now += ms;
              return Promise.reject(failing('unavailable'));
            },
            known,
          ),
        )
        .then(
          () => assert.fail('it succeeded'),
          (error: unknown) => error,
        );
      if (silent && asked.length > 0) {
        // These are the details of the attempt's last heartbeat.
        heartbeatDetails = failingFrom(
          spentBefore({ heartbeatDetails: before(heartbeatDetails) }),
          'postgres',
          startedAt,
        );
        now += Math.min(delayOf(number), 30_000);
        continue;
      }
      if (isFinal(failure)) return (now - from) / 60_000;
      assert.ok(failure instanceof ApplicationFailure);
      now += Number(failure.nextRetryDelay);
    }
    return assert.fail('never given up');
  }

  /** Returns the details without the failure that this test has counted for an attempt which ended in silence. */
  const before = (details: unknown): SpentAttempts => {
    const { [`${CODE}/unavailable`]: count = 0, ...rest } = spentBefore({ heartbeatDetails: details });
    return count > 1 ? { ...rest, [`${CODE}/unavailable`]: count - 1 } : rest;
  };

  for (const [what, endings] of [
    ['is refused at once', () => ({ after: 5, silent: false })],
    ['hangs for 65 s', () => ({ after: 65_000, silent: false })],
    ['hangs until each attempt times out', () => ({ after: 90_000, silent: true })],
    ['hangs now and then', (number: number) => ({ after: number % 2 === 0 ? 90_000 : 5, silent: number % 2 === 0 })],
  ] as const) {
    it(`is 15 minutes, one more or less, when a call ${what}`, async () => {
      for (let run = 0; run < 20; run += 1) {
        const minutes = await lasts(endings);
        assert.ok(minutes >= 14 && minutes <= 16, `${minutes} minutes`);
      }
    });
  }

  it('is one for the activities of an execution: what one has waited for is not waited for again', async () => {
    const minutes = await lasts(() => ({ after: 5, silent: false }), { [CODE]: 1_000_000 - 900_000 });
    assert.ok(minutes < 0.1, `${minutes} minutes`);
    const others = await lasts(() => ({ after: 5, silent: false }), { KAFKA_ERROR: 0 });
    assert.ok(others >= 14, `${others} minutes`);
  });
});
