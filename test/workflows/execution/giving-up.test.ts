/** These tests check what a list says of intents whose activity failed for good (ADR 0013). */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { persistState as persistStateEffect } from '../../../activities/effects/persist-state.js';
import { publishEvent as publishEventEffect } from '../../../activities/effects/publish-event.js';
import { type AnyEffect, defineEffect } from '../../../activities/effects/effect.js';
import { builtinEffects } from '../../../activities/index.js';
import type { EventType } from '../../../src/domain/events/event-types.js';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { until } from '../../../src/flow-control/until.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { persistState, publishEvent } from '../../support/intents.js';

/**
 * The number of next attempts whose answer is lost after their effect. The lost answer of a COMMIT cannot be forced.
 */
let lost = 0;
/** Runs when the last answer is lost. */
let onLastLost: () => Promise<unknown> = () => Promise.resolve();

/** Returns the effect, with answers that get lost. */
const losing = (effect: AnyEffect): AnyEffect =>
  defineEffect(effect.definition, (ports) => {
    const execute = effect.create(ports);
    return async (batch) => {
      const outcomes = await execute(batch);
      if (batch.commands.length === 0 || lost === 0) return outcomes;
      lost -= 1;
      if (lost === 0) await onLastLost();
      throw new EffectError('unknown', 'the answer was lost');
    };
  });

describe('giving up', () => {
  let environment: Environment;
  before(async () => {
    const others = builtinEffects.filter((effect) => effect !== persistStateEffect && effect !== publishEventEffect);
    environment = await createEnvironment({
      effects: [...others, losing(persistStateEffect), losing(publishEventEffect)],
      env: { KAFKA_ENABLE_DLQ: 'false' },
    });
  });
  after(() => environment.close());
  beforeEach(() => {
    lost = 0;
    onLastLost = () => Promise.resolve();
  });

  const totalOf = async (bridgeId: string) =>
    (
      await environment.pool.query<{ total: string }>(
        'SELECT sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = $1',
        [bridgeId],
      )
    ).rows[0]?.total;
  const withoutTable = async <T>(table: string, work: () => Promise<T>): Promise<T> => {
    await environment.pool.query(`ALTER TABLE ${table} RENAME TO ${table}_away`);
    try {
      return await work();
    } finally {
      await environment.pool.query(`ALTER TABLE ${table}_away RENAME TO ${table}`);
    }
  };

  it('finds an effect that happened although no attempt said so, and announces it', async () => {
    lost = 3;
    const intent = persistState();
    const report = await environment.client.executeIntents([intent]);
    assert.equal(lost, 0);
    assert.deepEqual(report.counts, { succeeded: 1 }, JSON.stringify(report.results));
    assert.equal(await totalOf(intent.payload.aggregation_id), '100');
    const announced = (await readEvents(environment, ['STATE_PERSISTED'])).filter(
      ({ key }) => key === intent.payload.aggregation_id,
    );
    assert.equal(announced.length, 1);
    assert.equal((await readEvents(environment, ['OPERATION_FAILED'])).length, 0);
  });

  it('leaves a tombstone for one that did not; the list run again executes it', async () => {
    const intent = persistState({}, { priority: 2 });
    const requestId = randomUUID();
    const execute = () => environment.client.executeIntents([intent], { requestId });
    const report = await withoutTable('bridge_state_rows', execute);
    const [result] = report.results;
    assert.equal(report.outcome, 'failed');
    assert.ok(result?.status === 'failed');
    assert.match(result.error ?? '', /bridge_state_rows/);
    // The error code names the store, whatever failed. The failure class says that the store was available.
    assert.deepEqual([result.error_code, result.failure_class], ['DATABASE_ERROR', 'unknown']);
    // Three attempts, with a second and two between them.
    assert.ok(result.execution_time_ms > 2_000, String(result.execution_time_ms));
    const { rows } = await environment.pool.query<{ given_up_by: string[] | null }>(
      'SELECT given_up_by FROM executed_intents WHERE intent_id = $1',
      [result.intent_id],
    );
    assert.equal(rows[0]?.given_up_by?.length, 1);

    assert.deepEqual((await execute()).counts, { succeeded: 1 });
    assert.equal(await totalOf(intent.payload.aggregation_id), '100');
  });

  it('says unknown when the store cannot say', async () => {
    const report = await withoutTable('executed_intents', () => environment.client.executeIntents([persistState()]));
    const [result] = report.results;
    assert.equal(result?.status, 'unknown');
    assert.ok(result.execution_time_ms > 2_000, String(result.execution_time_ms));
    assert.match(result.error ?? '', /executed_intents.*; whether it happened: .*executed_intents/);
  });

  it('calls no failure what may have happened; the sweep announces what the ledger has of it', async () => {
    lost = 3;
    onLastLost = () => environment.pool.query('ALTER TABLE executed_intents RENAME TO executed_intents_away');
    const intent = persistState();
    const report = await environment.client.executeIntents([intent]);
    await environment.pool.query('ALTER TABLE executed_intents_away RENAME TO executed_intents');
    assert.deepEqual([report.outcome, report.counts], ['partial', { unknown: 1 }], JSON.stringify(report.results));
    assert.equal(await totalOf(intent.payload.aggregation_id), '100', 'it happened');
    const eventsOf = async (type: EventType) =>
      (await readEvents(environment, [type])).filter(
        ({ envelope }) => envelope.causation_id === report.results[0]?.intent_id,
      );
    assert.deepEqual([await eventsOf('STATE_PERSISTED'), await eventsOf('OPERATION_FAILED')], [[], []]);
    // Visibility lags, so the first sweep may not find the execution.
    await until(20_000, async () => {
      await environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
        args: [{ grace_seconds: 0 }],
        taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: `sweep-${randomUUID()}`,
      });
      assert.equal((await eventsOf('STATE_PERSISTED')).length, 1);
    });
    assert.deepEqual(await eventsOf('OPERATION_FAILED'), []);
  });

  it('says unknown of an event whose sending nobody confirmed, unless the ledger knows it', async () => {
    lost = 3;
    const known = await environment.client.executeIntents([publishEvent()]);
    assert.deepEqual(known.counts, { succeeded: 1 });
    assert.equal(known.results[0]?.success, true);

    const report = await withoutTable('dead_letters', () => environment.client.executeIntents([publishEvent()]));
    assert.deepEqual(report.counts, { unknown: 1 }, JSON.stringify(report.results));
  });
});
