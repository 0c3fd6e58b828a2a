/**
 * These tests check when a rollout goes back to the legacy path by itself. Too late costs lists, and too early costs
 * the rollout.
 */
import assert from 'node:assert/strict';
import { DEFAULT_TRIGGERS, type PathWindow, reasonToRollBack } from '../../../src/domain/rollout/triggers.js';

const well: PathWindow = {
  lists: 20,
  intents: 200,
  errors: 0,
  publishes: 0,
  publishFailures: 0,
  databaseFailures: 0,
  unfinished: 0,
  p95Ms: 100,
};
const why = (window: Partial<PathWindow>, baselineMs: number | null = 100, triggers = DEFAULT_TRIGGERS) =>
  reasonToRollBack({ ...well, ...window }, baselineMs, triggers);

describe('rollout: when to roll back', () => {
  it('has the numbers of the seed contract for defaults', () => {
    assert.deepEqual(DEFAULT_TRIGGERS, {
      windowMs: 300_000,
      minimum: 20,
      errorRate: 0.05,
      latencyFactor: 2,
      databaseFailures: 3,
      publishFailureRate: 0.1,
    });
  });

  it('concludes from the twentieth list, and not from the nineteenth', () => {
    assert.equal(why({ lists: 20, intents: 20, errors: 20 }), 'error rate 100 % (20 of 20), at most 5 % allowed');
    assert.equal(why({ lists: 19, intents: 19, errors: 19 }), null);
    assert.equal(why({ lists: 20, p95Ms: 201 }), 'latency p95 201 ms, at most 2 x 100 ms allowed');
    assert.equal(why({ lists: 19, p95Ms: 201 }), null);
  });

  it('concludes from the twentieth event, in however few lists, and not from the nineteenth', () => {
    const reason = 'publish failures 100 % (20 of 20), at most 10 % allowed';
    assert.equal(why({ lists: 1, publishes: 20, publishFailures: 20 }), reason);
    assert.equal(why({ lists: 1, publishes: 19, publishFailures: 19 }), null);
    assert.equal(why({ publishes: 100, publishFailures: 10 }), null);
    assert.match(why({ publishes: 100, publishFailures: 11 }) ?? '', /^publish failures 11 % \(11 of 100\)/);
  });

  it('concludes from the third list that could not reach PostgreSQL, without waiting for twenty', () => {
    assert.equal(
      why({ lists: 3, databaseFailures: 3 }),
      'database connection failures in 3 of 3 lists, at most 2 allowed',
    );
    assert.equal(why({ lists: 3, databaseFailures: 2 }), null);
  });

  it('names what is worst first: the database, then the broker, then errors, then latency', () => {
    const all = { databaseFailures: 3, publishes: 20, publishFailures: 20, errors: 200, p95Ms: 1_000 };
    assert.match(why(all) ?? '', /^database/);
    assert.match(why({ ...all, databaseFailures: 0 }) ?? '', /^publish/);
    assert.match(why({ ...all, databaseFailures: 0, publishFailures: 0 }) ?? '', /^error rate/);
    assert.match(why({ ...all, databaseFailures: 0, publishFailures: 0, errors: 0 }) ?? '', /^latency/);
  });

  it('stays where it may: at each limit, without a latency, without one to compare it with', () => {
    assert.equal(why({ errors: 10 }), null);
    assert.equal(why({ p95Ms: 200 }), null);
    assert.equal(why({ p95Ms: null }), null);
    assert.equal(why({ p95Ms: null }, -1), null);
    assert.equal(why({ p95Ms: 1_000 }, null), null);
  });

  it('says the latency in whole milliseconds, and how many lists have not ended', () => {
    assert.equal(
      why({ p95Ms: 250.6, unfinished: 4 }, 99.6),
      'latency p95 251 ms (4 of 20 lists have not ended), at most 2 x 100 ms allowed',
    );
  });

  it('goes by the numbers it is given', () => {
    const strict = { ...DEFAULT_TRIGGERS, minimum: 1, errorRate: 0.125, databaseFailures: 1 };
    assert.equal(
      why({ lists: 1, intents: 4, errors: 1 }, null, strict),
      'error rate 25 % (1 of 4), at most 12.5 % allowed',
    );
    assert.match(why({ lists: 1, databaseFailures: 1 }, null, strict) ?? '', /at most 0 allowed$/);
  });
});
