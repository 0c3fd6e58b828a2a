/** These tests check that an attempt gives its work up before Temporal gives up the attempt. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { attempt } from '../../../activities/attempts/attempt.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { ENDING_MS } from '../../../src/domain/time-outs.js';
import { QUIET } from '../../support/quiet.js';

describe('the time of an attempt', () => {
  it('ends before Temporal gives it up, and the failure says so', async () => {
    const environment = new MockActivityEnvironment({}, QUIET);
    const started = performance.now();
    const failure = await environment
      .run(() => attempt('kafka', new OutageBudget(), () => new Promise(() => undefined), {}, ENDING_MS + 50))
      .then(
        () => assert.fail('it succeeded'),
        (error: unknown) => error,
      );
    assert.ok(performance.now() - started < 2_000);
    assert.ok(failure instanceof ApplicationFailure);
    assert.equal(failure.message, 'the attempt was not done within 50 ms');
    assert.deepEqual([failure.type, failure.nonRetryable, failure.details?.[0]], ['unavailable', false, 'KAFKA_ERROR']);
  });

  it('is that of an attempt at one store, where no other is given', async () => {
    const environment = new MockActivityEnvironment({}, QUIET);
    const done = await environment.run(() =>
      attempt('kafka', new OutageBudget(), async () => {
        await sleep(100);
        return 'done';
      }),
    );
    assert.equal(done, 'done');
  });
});
