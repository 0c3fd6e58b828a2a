/**
 * These tests run `ExecuteSliceWorkflow` on the real servers. Each list of a slice is answered by itself, in the order
 * of its keys.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents, readEventsByConsole } from '../../support/events.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';
import { list, sliceCalls } from './support.js';

describe('ExecuteSliceWorkflow', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  const { execute, run, verdictOf, totalOf } = sliceCalls(() => environment);

  it('answers each list by itself: what stops one stops no other', async () => {
    const state = persistState();
    const wrong = persistState({ aggregation_id: state.payload.aggregation_id });
    const skipped = persistState();
    const good = list([state, publishEvent({ correlation_id: null })], { correlation_id: 'of good' });
    const stopped = list([{ ...wrong, intent_id: 'no id', priority: 9 }, skipped], { correlation_id: 'of stopped' });
    const partial = list([{ ...persistState(), payload: {} }, persistFsmTransition()], { request_id: 'r-partial' });
    const refused = list([persistState()], { options: { failFastPriority: 'high' } });
    const report = await run(good, stopped, partial, refused);
    assert.deepEqual(report, {
      lists: 4,
      repeated: 0,
      parked: 0,
      intents: 6,
      counts: { succeeded: 3, failed: 2, skipped: 1 },
      invalid: [
        { list: 1, reason: 'payload.intents[0]: intent_id: expected a UUID, got string "no id"' },
        { list: 2, reason: 'payload.intents[0]: payload.aggregated_data: expected an object, got nothing' },
        { list: 3, reason: 'options.failFastPriority: expected a number, got string "high"' },
      ],
    });
    const verdicts = await Promise.all([good, stopped, partial, refused].map(verdictOf));
    assert.deepEqual(
      verdicts.map((verdict) => [verdict?.outcome, verdict?.correlation_id, verdict?.counts]),
      [
        ['completed', 'of good', { succeeded: 2 }],
        ['failed', 'of stopped', { failed: 1, skipped: 1 }],
        ['partial', 'r-partial', { failed: 1, succeeded: 1 }],
        ['failed', refused.event_id, {}],
      ],
    );
    assert.equal(verdicts[3]?.error, 'options.failFastPriority: expected a number, got string "high"');
    assert.equal(await totalOf(state.payload.aggregation_id), '100');
    assert.equal(await totalOf(skipped.payload.aggregation_id), null);
    const results = await readEventsByConsole(environment, ['INTENT_RESULT']);
    for (const [index, given] of [good, stopped, partial, refused].entries()) {
      const events = results.filter(({ envelope }) => envelope.causation_id === given.event_id);
      assert.equal(events.length, 1);
      const { correlation_id, ...verdict } = verdicts[index]!;
      assert.equal(events[0]!.envelope.correlation_id, correlation_id);
      assert.deepEqual(events[0]!.envelope.payload, verdict);
    }
    // The announcements of a list have its own correlation id.
    const announced = (await readEvents(environment, ['STATE_PERSISTED'])).filter(
      ({ key }) => key === state.payload.aggregation_id,
    );
    assert.deepEqual(
      announced.map(({ envelope }) => envelope.correlation_id),
      ['of good'],
    );
  });

  it('keeps the order of lists that share a key, whatever their priorities', async () => {
    const key = randomUUID();
    const event = (batch_size: number, priority: number) =>
      publishEvent({ event_type: 'BATCH_PROCESSED', partition_key: key, batch_size }, { priority });
    await run(
      list([event(1, 0), event(2, -5)]),
      list([event(3, 5)]),
      list([event(4, 9), event(5, 0)]),
      list([event(6, 5)]),
    );
    const sizes = (await readEvents(environment, ['BATCH_PROCESSED']))
      .filter((read) => read.key === key)
      .map(({ envelope }) => envelope.payload['batch_size']);
    assert.deepEqual(sizes, [1, 2, 3, 4, 5, 6]);
  });

  for (const [given, message] of [
    [null, 'input: expected an object, got null'],
    [{ lists: 'all' }, 'lists: expected an array, got string "all"'],
    [{ lists: [{ event_id: 'a', correlation_id: null }] }, 'lists[0].intents: expected an array, got nothing'],
  ] as const) {
    it(`refuses ${JSON.stringify(given)}`, async () => {
      await assert.rejects(execute(given), (error: unknown) => {
        assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure);
        assert.deepEqual([error.cause.type, error.cause.message], ['InvalidInput', message]);
        return true;
      });
    });
  }

  // Workers that keep no workflow replay all of it for each task: up to 94 s, and 15 with a cache.
  it('answers many lists that read states, more than one payload of them', async () => {
    const moved = await environment.client.executeIntents(Array.from({ length: 80 }, () => persistFsmTransition()));
    assert.equal(moved.outcome, 'completed');
    const lists = Array.from({ length: 250 }, () => list([recoverFsmStates(), persistState()]));
    const report = await run(...lists);
    assert.deepEqual(report.counts, { succeeded: 500 });
    const verdicts = await Promise.all(lists.map(verdictOf));
    assert.ok(JSON.stringify(verdicts).length > 2_000_000, 'they fit one payload');
    assert.ok(verdicts.every((verdict) => verdict?.outcome === 'completed'));
    const ids = new Set(lists.map(({ event_id }) => event_id));
    const answered = (await readEvents(environment, ['INTENT_RESULT']))
      .map(({ envelope }) => envelope.causation_id ?? '')
      .filter((id) => ids.has(id));
    assert.deepEqual(answered.sort(), [...ids].sort(), 'each once');
  }).timeout(240_000);

  it('completes a slice without lists', async () => {
    assert.deepEqual(await run(), { lists: 0, repeated: 0, parked: 0, intents: 0, counts: {} });
  });
});
