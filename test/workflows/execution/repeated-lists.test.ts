import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { RequestConflictError } from '../../../src/client/index.js';
import { readEvents } from '../../support/events.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistState, publishEvent } from '../../support/intents.js';
import { bridgeRows, overflowingState } from './support.js';

describe('ExecuteIntentsWorkflow, the same list again', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());
  const overflowing = (priority: number) => overflowingState(environment, priority);
  const rowsOf = (bridgeId: string) => bridgeRows(environment, bridgeId);

  it('repeats nothing under the same request id, and tells another list apart', async () => {
    const requestId = randomUUID();
    const state = persistState();
    const first = await environment.client.executeIntents([state, publishEvent()], { requestId });
    const again = await environment.client
      .executeIntents([state, publishEvent(first.results[1] as never)], { requestId })
      .catch((e: unknown) => e);
    assert.ok(again instanceof RequestConflictError);
    assert.match(again.message, /^request_id: .* has been used for another list/);
    assert.equal(String((await rowsOf(state.payload.aggregation_id))[0]?.['total_items_aggregated']), '100');
  });

  it('gives the stored report for a list that is done, and runs a failed one again without repeating its effects', async () => {
    const requestId = randomUUID();
    const done = [persistState()];
    const first = await environment.client.executeIntents(done, { requestId });
    assert.deepEqual(await environment.client.executeIntents(done, { requestId }), first);

    const retried = randomUUID();
    const effect = persistState({}, { priority: 9 });
    const bad = await overflowing(5);
    const list = [effect, bad, publishEvent()];
    assert.equal((await environment.client.executeIntents(list, { requestId: retried })).outcome, 'failed');
    await environment.pool.query('UPDATE bridge_states SET total_items_aggregated = 0 WHERE bridge_id = $1', [
      bad.payload.aggregation_id,
    ]);
    const second = await environment.client.executeIntents(list, { requestId: retried });
    assert.equal(second.outcome, 'completed');
    assert.equal(Reflect.get(second.results[0]!, 'repeated'), true);
    assert.equal(String((await rowsOf(effect.payload.aggregation_id))[0]?.['total_items_aggregated']), '100');
    const announced = await readEvents(environment, ['STATE_PERSISTED']);
    const ofEffect = announced.filter(
      ({ envelope }) => envelope.payload['aggregation_id'] === effect.payload.aggregation_id,
    );
    assert.equal(ofEffect.length, 1, 'a repeat is not announced again');
  });

  it('executes a partial list again under its request id, and repeats nothing that succeeded', async () => {
    const requestId = randomUUID();
    const effect = persistState();
    const event = publishEvent({}, { priority: 0 });
    const bad = await overflowing(1);
    const list = [effect, bad, event];
    const first = await environment.client.executeIntents(list, { requestId });
    assert.deepEqual([first.outcome, first.counts], ['partial', { succeeded: 2, failed: 1 }]);
    const { started } = await environment.client.start(list, { requestId });
    assert.deepEqual([started, (await environment.client.result(requestId)).outcome], [true, 'partial']);
    await environment.pool.query('UPDATE bridge_states SET total_items_aggregated = 0 WHERE bridge_id = $1', [
      bad.payload.aggregation_id,
    ]);
    const both = await Promise.all([1, 2].map(() => environment.client.executeIntents(list, { requestId })));
    for (const { outcome } of both) assert.equal(outcome, 'completed');
    const done = await environment.client.executeIntents(list, { requestId });
    assert.deepEqual(
      done.results.map(({ status }) => status),
      ['succeeded', 'succeeded', 'succeeded'],
    );
    assert.equal(Reflect.get(done.results[0]!, 'repeated'), true);
    const totals = await Promise.all([effect, bad].map(({ payload }) => rowsOf(payload.aggregation_id)));
    assert.deepEqual(
      totals.map(([row]) => String(row?.['total_items_aggregated'])),
      ['100', '100'],
    );
    const published = await readEvents(environment, ['AGGREGATION_STARTED', 'STATE_PERSISTED']);
    const intentIds = new Set(done.results.map(({ intent_id }) => intent_id));
    const ofList = published.filter(({ envelope }) => intentIds.has(envelope.metadata['intent_id'] as string));
    assert.equal(ofList.length, 3, 'each effect has one event');
    assert.equal((await environment.client.start(list, { requestId })).started, false, 'a completed list is final');
  });

  it('joins a running execution of the same request id', async () => {
    const requestId = randomUUID();
    const list = [persistState()];
    const [a, b] = await Promise.all([
      environment.client.start(list, { requestId }),
      environment.client.start(list, { requestId }),
    ]);
    assert.deepEqual([a.started, b.started].sort(), [false, true]);
    assert.equal((await environment.client.result(requestId)).outcome, 'completed');
  });

  it('returns the first outcome for a redelivered intent_id, and an error naming both for another payload', async () => {
    const intent_id = randomUUID();
    const state = persistState({}, { intent_id });
    const event = publishEvent({}, { intent_id: randomUUID() });
    const [first] = (await environment.client.executeIntents([state, event])).results;
    const report = await environment.client.executeIntents([state, event]);
    assert.deepEqual(
      report.results.map((result): unknown[] => [result.status, Reflect.get(result, 'repeated')]),
      [
        ['succeeded', true],
        ['succeeded', true],
      ],
    );
    assert.equal(report.results[0]!.timestamp, first!.timestamp);
    assert.equal(String((await rowsOf(state.payload.aggregation_id))[0]?.['total_items_aggregated']), '100');

    const conflict = await environment.client.executeIntents([
      persistState({}, { intent_id }),
      publishEvent({}, { intent_id: event.intent_id! }),
    ]);
    for (const result of conflict.results) {
      assert.equal(result.status, 'failed');
      assert.match(
        result.error ?? '',
        /was already executed with another payload \(sha256 [0-9a-f]{12} .*, [0-9a-f]{12} now\)/,
      );
    }
  });
});
