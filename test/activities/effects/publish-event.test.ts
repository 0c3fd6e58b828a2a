/**
 * These tests check when an event that no broker takes becomes a dead letter. The stores are fakes, because no broker
 * fails to order in these ways.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { toActivity } from '../../../activities/execution/batch-activity.js';
import type { Ports } from '../../../activities/ports.js';
import { listSource } from '../../../activities/execution/batch-source.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { publishEvent as effect } from '../../../activities/effects/publish-event.js';
import type { BatchOutput } from '../../../src/domain/execution/batch.js';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import type { IntentResult } from '../../../src/domain/intents/result.js';
import { publishEvent } from '../../support/intents.js';
import { memoryActivities, type MemoryActivities } from '../../support/memory-activities.js';
import { refusing } from '../../support/memory-ports.js';
import { QUIET } from '../../support/quiet.js';

describe('an event that is not taken', () => {
  let deadLettered = 0;

  /** Makes an attempt after `failed` attempts that failed with `failureClass`. */
  function attempt(
    failureClass: FailureClass,
    failed: number,
    afterAttempts: number,
    budgetMs?: number,
    error = new EffectError(failureClass, 'refused', { store: 'kafka' }),
  ) {
    const ports = {
      ledger: { find: () => Promise.resolve(new Map()), record: () => Promise.resolve(new Map()) },
      publisher: { publish: (messages: unknown[]) => Promise.resolve(messages.map(() => ({ sent: false, error }))) },
      deadLetters: {
        afterAttempts,
        topicSuffix: '.dlq',
        store: {
          blocked: (messages: unknown[]) => Promise.resolve(messages.map(() => false)),
          add: (letters: unknown[]) => {
            deadLettered += letters.length;
            return Promise.resolve(new Map());
          },
          copied: () => Promise.resolve(),
        },
      },
      source: { topicPrefix: 'p', environment: 'test', region: 'local', instance: 'i' },
    } as unknown as Ports;
    const items = [{ intent_id: '7a3c6e0e-3f0e-4a55-9f5c-0f6f3f0d8a11', intent: publishEvent() }];
    const activity = toActivity(effect, ports, {
      instruments: { ended: () => undefined, conflicted: () => undefined },
      budget: new OutageBudget(budgetMs, () => 30_000),
      findSource: () => Promise.resolve(listSource({ items })),
    });
    const environment = new MockActivityEnvironment(
      { attempt: failed + 1, heartbeatDetails: { [`KAFKA_ERROR/${failureClass}`]: failed, 'KAFKA_ERROR since': 0 } },
      QUIET,
    );
    return environment.run<Parameters<typeof activity>, BatchOutput, typeof activity>(activity, {
      correlation_id: 'c',
      page_bytes: 1_000,
      items,
    });
  }
  beforeEach(() => (deadLettered = 0));

  for (const [name, ...given] of [
    ['its own number of attempts', 'transient', 2, 3],
    ['all attempts at an unknown failure, fewer than its own number', 'unknown', 2, 5],
    ['an outage budget of transient failures, shorter than its own number of attempts', 'transient', 9, 20, 10_000],
    ['an outage budget shorter than its own number of attempts', 'unavailable', 1, 3, 10_000],
  ] as const) {
    it(`is a dead letter after ${name}, and not before`, async () => {
      const [failureClass, failed, afterAttempts, budgetMs] = given as readonly [FailureClass, number, number, number?];
      await assert.rejects(attempt(failureClass, failed - 1, afterAttempts), { nonRetryable: false });
      assert.equal(deadLettered, 0);
      const { results } = await attempt(failureClass, failed, afterAttempts, budgetMs);
      assert.equal(deadLettered, 1);
      const [result] = results;
      assert.ok(typeof result === 'object' && result !== null);
      assert.equal(result.status, 'dead_lettered');
    });
  }

  it('stays one while the broker refuses the login, as long as the outage budget lasts', async () => {
    const refused = Object.assign(new Error('SASL'), { name: 'KafkaJSSASLAuthenticationError' });
    const login = new EffectError('unavailable', 'the password', { store: 'kafka', cause: refused });
    const open = new EffectError('unavailable', 'circuit breaker open', { store: 'kafka', cause: login });
    for (const error of [login, open]) {
      await assert.rejects(attempt('unavailable', 9, 3, undefined, error), { nonRetryable: false });
      assert.equal(deadLettered, 0);
    }
    await attempt('unavailable', 9, 3, 10_000, login);
    assert.equal(deadLettered, 1);
  });

  it('is never one without dead letters: its intent fails', async () => {
    await assert.rejects(attempt('unknown', 2, Infinity), { nonRetryable: true });
    assert.equal(deadLettered, 0);
  });
});

describe('an event that was announced before', () => {
  const event = (partition_key = 'k') => ({ ...publishEvent({ partition_key }), intent_id: randomUUID() as string });
  const publish = (worker: MemoryActivities, ...intents: ReturnType<typeof event>[]) =>
    worker.run<BatchOutput>('publishEvents', {
      correlation_id: 'c',
      page_bytes: 1_000,
      items: intents.map((intent) => ({ intent_id: intent.intent_id, intent })),
    });
  const statusesOf = ({ results }: BatchOutput) => results.map((result) => (result as IntentResult).status);

  it('is a dead letter again when it is one, and is not sent past its letter', async () => {
    const worker = memoryActivities();
    const given = event();
    worker.refuses = refusing('AGGREGATION_STARTED', new EffectError('unavailable', 'no broker'));
    assert.deepEqual(statusesOf(await publish(worker, given)), ['dead_lettered']);
    worker.refuses = () => null;
    assert.deepEqual(statusesOf(await publish(worker, given)), ['dead_lettered']);
    assert.deepEqual([worker.letters.length, worker.sent.length], [1, 0]);
  });

  it('is not sent again, and says so to a later execution', async () => {
    const worker = memoryActivities();
    const given = event();
    await publish(worker, given);
    worker.ledger.set(given.intent_id, { ...worker.ledger.get(given.intent_id)!, execution_id: 'another/run' });
    const { results } = await publish(worker, given, event());
    assert.deepEqual(
      results.map((result) => (result as IntentResult)['repeated']),
      [true, undefined],
    );
    assert.equal(worker.sent.length, 2);
  });

  it('is not sent again when its batch is tried again for another one', async () => {
    const worker = memoryActivities();
    Object.assign(worker.ports.deadLetters, { afterAttempts: 3 });
    const batch = [event(), event('other')];
    worker.refuses = ({ key }) => (key === 'other' ? new EffectError('transient', 'no leader') : null);
    for (let attempts = 1; attempts <= 2; attempts += 1) {
      await assert.rejects(publish(worker, ...batch), { type: 'transient', nonRetryable: false });
    }
    worker.refuses = () => null;
    assert.deepEqual(statusesOf(await publish(worker, ...batch)), ['succeeded', 'succeeded']);
    assert.deepEqual(
      worker.sent.map(({ key }) => key),
      ['k', 'other'],
    );
  });

  it('is one of two in a batch under one id: sent once, and both say what became of it', async () => {
    for (const refused of [false, true]) {
      const worker = memoryActivities();
      if (refused) worker.refuses = refusing('AGGREGATION_STARTED', new EffectError('unavailable', 'no broker'));
      const given = event();
      const output = await publish(worker, given, given);
      assert.deepEqual(statusesOf(output), refused ? ['dead_lettered', 'dead_lettered'] : ['succeeded', 'succeeded']);
      assert.equal((output.results[1] as IntentResult)['repeated'], true);
      assert.equal(refused ? worker.letters.length : worker.sent.length, 1);
    }
  });

  it('is no letter where another execution has its id meanwhile with another payload, and says so', async () => {
    const worker = memoryActivities();
    worker.refuses = refusing('AGGREGATION_STARTED', new EffectError('unavailable', 'no broker'));
    const given = event();
    worker.before.set('deadLetters.add', () => {
      worker.ledger.set(given.intent_id, {
        intent_id: given.intent_id,
        intent_type: 'PublishEvent',
        payload_hash: 'of another payload',
        execution_id: 'other/run',
        settled_at: '2026-01-01T00:00:00.000000Z',
        result: { event_published: true },
      });
    });
    const output = await publish(worker, given);
    assert.deepEqual(statusesOf(output), ['failed']);
    assert.match((output.results[0] as IntentResult).error ?? '', /was already executed with another payload/);
    assert.deepEqual([worker.letters, worker.sent], [[], []]);
  });

  it('queues behind an open letter of its key, without an attempt, and its copy is sent', async () => {
    const worker = memoryActivities();
    worker.refuses = refusing('AGGREGATION_STARTED', new EffectError('unavailable', 'no broker'));
    await publish(worker, event());
    // No broker answers, so that copies are left to the next redrive. This attempt is spared the time-out of each copy.
    const publishes = () => worker.calls.filter((call) => call === 'publisher.publish').length;
    assert.equal(publishes(), 1);
    worker.refuses = () => null;
    // An event has three attempts before it is a dead letter. Blocked behind an open letter it needs none of them.
    Object.assign(worker.ports.deadLetters, { afterAttempts: 3 });
    assert.deepEqual(statusesOf(await publish(worker, event())), ['dead_lettered']);
    assert.deepEqual(
      worker.letters.map(({ retry_attempts }) => retry_attempts),
      [1, 0],
    );
    assert.deepEqual(
      worker.sent.map(({ topic }) => topic),
      ['p.reducer.events.aggregation_started.dlq'],
    );
  });

  it('is no letter, and no letter is reported, when storing it fails: the attempt is made again', async () => {
    const worker = memoryActivities();
    worker.refuses = refusing('AGGREGATION_STARTED', new EffectError('transient', 'no leader'));
    worker.before.set('deadLetters.add', () => {
      throw new EffectError('unavailable', 'away', { store: 'postgres' });
    });
    await assert.rejects(publish(worker, event()), { type: 'unavailable', nonRetryable: false });
    assert.deepEqual(worker.sent, []);
  });
});
