import assert from 'node:assert/strict';
import { bucketOf, bucketsOf, isOff, parseShare } from '../../../src/domain/rollout/share.js';
import { observe, observeWhole } from '../../../src/domain/rollout/observation.js';
import { DEFAULT_TRIGGERS, type PathWindow, reasonToRollBack } from '../../../src/domain/rollout/triggers.js';

describe('rollout: share', () => {
  const ids = Array.from({ length: 20_000 }, (_, n) => `correlation-${n}`);
  const taking = (percent: number) => ids.filter((id) => bucketOf(id) < bucketsOf(percent));

  it('is stable, holds the smaller ones, and is as large as it says', () => {
    assert.equal(bucketOf('correlation-1'), bucketOf('correlation-1'));
    // The buckets are pinned. Another hash would send lists in flight down the other path.
    assert.deepEqual(['a', 'correlation-1'].map(bucketOf), [6610, 2989]);
    const [none, ten, half, all] = [0, 10, 50, 100].map(taking) as [string[], string[], string[], string[]];
    assert.deepEqual([none.length, all.length], [0, ids.length]);
    assert.ok(Math.abs(ten.length / ids.length - 0.1) < 0.01 && Math.abs(half.length / ids.length - 0.5) < 0.01);
    assert.ok(ten.every((id) => half.includes(id)));
  });

  it('reads true, false, off and whole percents, and nothing else', () => {
    assert.deepEqual(['true', 'False', ' off ', '0', '50', '100'].map(parseShare), [100, 0, 0, 0, 50, 100]);
    assert.deepEqual([' On ', ' TRUE', ' 50 ', '007'].map(parseShare), [100, 100, 50, 7]);
    for (const wrong of ['', 'yes', '101', '-1', '1.5', '50%', '1e1']) assert.equal(parseShare(wrong), null, wrong);
  });
});

describe('rollout: observations', () => {
  const result = (intent_type: string, status: string, error_code?: string, failure_class?: string) =>
    ({ intent_type, status, error_code, failure_class }) as Parameters<typeof observe>[0][number];

  it('leaves out skipped and invalid intents, and counts dead letters as publish failures only', () => {
    assert.deepEqual(
      observe(
        [
          result('PersistState', 'succeeded'),
          result('PersistState', 'failed', 'VALIDATION_ERROR'),
          result('PersistState', 'skipped', 'SKIPPED'),
          result('PersistState', 'unknown', 'DATABASE_ERROR', 'unavailable'),
          result('PublishEvent', 'succeeded'),
          result('PublishEvent', 'dead_lettered'),
          result('PublishEvent', 'failed', 'KAFKA_ERROR'),
          result('PublishEvent', 'failed', 'VALIDATION_ERROR'),
          result('PublishEvent', 'failed', 'KAFKA_ERROR', 'invalid'),
          result('PersistState', 'failed', 'DATABASE_ERROR', 'invalid'),
        ],
        12,
      ),
      { path: 'new', durationMs: 12, intents: 5, errors: 2, publishes: 3, publishFailures: 2, databaseFailure: true },
    );
  });

  it('takes no failure of PostgreSQL for one of the connection, unless it was unavailable', () => {
    for (const failureClass of ['transient', 'unknown', undefined]) {
      const { errors, databaseFailure } = observe(
        [result('PersistState', 'failed', 'DATABASE_ERROR', failureClass)],
        1,
      );
      assert.deepEqual([errors, databaseFailure], [1, false], failureClass);
    }
    const away = [result('PublishEvent', 'failed', 'KAFKA_ERROR', 'unavailable')];
    assert.equal(observe(away, 1).databaseFailure, false, 'a broker is no database');
  });

  it('tells a switch that is off from a share of nothing', () => {
    assert.deepEqual([' False ', 'OFF', '0', 'on', ''].map(isOff), [true, true, false, false, false]);
  });

  it('counts the intents of a list that threw', () => {
    assert.deepEqual(observeWhole('legacy', 12, 3, true), {
      path: 'legacy',
      durationMs: 12,
      intents: 3,
      errors: 3,
      publishes: 0,
      publishFailures: 0,
      databaseFailure: false,
    });
    const countsOf = (intents: number, failed: boolean) => {
      const { errors, intents: counted } = observeWhole('new', 1, intents, failed);
      return [errors, counted];
    };
    assert.deepEqual(
      [countsOf(20, true), countsOf(20, false), countsOf(0, true)],
      [
        [20, 20],
        [0, 20],
        [1, 1],
      ],
    );
  });
});

describe('rollout: triggers', () => {
  const good: PathWindow = {
    lists: 100,
    intents: 1_000,
    errors: 50,
    publishes: 500,
    publishFailures: 50,
    databaseFailures: 2,
    unfinished: 0,
    p95Ms: 200,
  };
  const why = (window: Partial<PathWindow>, baseline: number | null = 100) =>
    reasonToRollBack({ ...good, ...window }, baseline, DEFAULT_TRIGGERS);

  it('fires over each threshold of the seed contract, and not at it', () => {
    assert.equal(why({}), null);
    assert.equal(why({ errors: 51 }), 'error rate 5.1 % (51 of 1000), at most 5 % allowed');
    assert.equal(why({ p95Ms: 201 }), 'latency p95 201 ms, at most 2 x 100 ms allowed');
    assert.equal(
      why({ p95Ms: 201, unfinished: 20 }),
      'latency p95 201 ms (20 of 100 lists have not ended), at most 2 x 100 ms allowed',
    );
    assert.equal(why({ publishFailures: 51 }), 'publish failures 10.2 % (51 of 500), at most 10 % allowed');
    assert.match(why({ databaseFailures: 3 }) ?? '', /^database connection failures in 3 of 100 lists/);
  });

  it('concludes from 20 lists, or 20 events for theirs, and from no fewer', () => {
    const few = { lists: 20, intents: 20, errors: 0, publishes: 20, publishFailures: 0, databaseFailures: 0, p95Ms: 1 };
    assert.match(why({ ...few, errors: 20 }) ?? '', /^error rate 100 %/);
    assert.equal(why({ ...few, lists: 19, errors: 20 }), null);
    assert.match(why({ ...few, p95Ms: 201 }) ?? '', /^latency p95/);
    assert.equal(why({ ...few, lists: 19, p95Ms: 201 }), null);
    // One list may hold all of the events.
    assert.match(why({ ...few, lists: 1, publishFailures: 3 }) ?? '', /^publish failures 15 % \(3 of 20\)/);
    assert.equal(why({ ...few, publishes: 19, publishFailures: 19 }), null);
    // One connection failure is enough.
    assert.match(why({ ...few, lists: 3, databaseFailures: 3 }) ?? '', /^database connection failures/);
    assert.equal(DEFAULT_TRIGGERS.windowMs, 300_000, 'the last five minutes');
  });

  it('concludes nothing from too few, nor from a latency without a baseline', () => {
    assert.equal(why({ lists: 19, intents: 19, errors: 19, publishes: 19, publishFailures: 19, p95Ms: 9_999 }), null);
    assert.equal(
      why({ lists: 0, intents: 0, errors: 0, publishes: 0, publishFailures: 0, databaseFailures: 0, p95Ms: null }),
      null,
    );
    assert.equal(why({ p95Ms: 9_999 }, null), null);
  });
});
