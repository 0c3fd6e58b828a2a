import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { completeReport } from '../../../src/client/complete-report.js';
import { type IntentsReport } from '../../../src/client/index.js';
import type { OnexEnvelopeV1 } from '../../../src/domain/events/envelope.js';
import { makeReport } from '../../../src/domain/execution/report.js';
import { createLedger } from '../../../src/postgres/ledger/ledger.js';
import { createPool } from '../../../src/postgres/core/pool.js';
import {
  correlationId,
  failedIntents,
  intentOutcome,
  intentTypes,
} from '../../../src/domain/execution/search-attributes.js';
import { readEvents, readEventsByConsole } from '../../support/events.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';
import { bridgeRows, overflowingState } from './support.js';

describe('ExecuteIntentsWorkflow', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  const overflowing = (priority: number) => overflowingState(environment, priority);
  const rowsOf = (bridgeId: string) => bridgeRows(environment, bridgeId);

  it('executes the four types: rows, messages, results in input order', async () => {
    const state = persistState({ fsm_states: { a: 'completed', b: 'COMPLETED', c: 'PROCESSING' } });
    const transition = persistFsmTransition();
    const event = publishEvent({ extra: { kept: true } });
    const requestId = randomUUID();
    const report = await environment.client.executeIntents([event, state, transition, recoverFsmStates()], {
      requestId,
    });

    assert.equal(report.outcome, 'completed', JSON.stringify(report));
    assert.deepEqual(report.counts, { succeeded: 4 });
    const [published, persisted, moved, recovered] = report.results;
    assert.ok(published?.intent_type === 'PublishEvent' && persisted?.intent_type === 'PersistState');
    assert.ok(moved?.intent_type === 'PersistFSMTransition' && recovered?.intent_type === 'RecoverFSMStates');
    assert.equal(published.event_published, true);
    assert.deepEqual(
      [persisted.namespaces_persisted, persisted.total_workflows, persisted.total_items],
      [['test.namespace'], 10, 100],
    );
    assert.deepEqual([moved.from_state, moved.to_state, moved.duplicate], ['PENDING', 'PROCESSING', false]);
    // Recovery has the highest priority: it ran before the transition was there.
    assert.deepEqual(recovered.recovered_states, {});

    const [row] = await rowsOf(state.payload.aggregation_id);
    assert.equal(row?.['current_fsm_state'], 'COMPLETED');
    assert.equal(String(row['total_items_aggregated']), '100');
    const stored = await environment.pool.query('SELECT * FROM fsm_transitions WHERE entity_id = $1', [
      transition.payload.workflow_id,
    ]);
    assert.deepEqual(
      stored.rows.map((r: Record<string, unknown>) => [r['id'], r['to_state'], r['transition_event']]),
      [[moved.transition_id, 'PROCESSING', 'started']],
    );

    const events = await readEventsByConsole(environment, [
      'AGGREGATION_STARTED',
      'STATE_PERSISTED',
      'FSM_STATE_TRANSITIONED',
    ]);
    const ours = events.filter(({ envelope }) => envelope.metadata['intent_id'] !== undefined);
    const byType = new Map(ours.map((e) => [e.envelope.event_type, e] as const));
    assert.equal(ours.length, 3);
    const started = byType.get('AGGREGATION_STARTED');
    assert.ok(started);
    assert.equal(started.key, event.payload.aggregation_id);
    assert.deepEqual(started.envelope.payload, event.payload);
    assert.equal(started.envelope.event_id, published.event_id);
    assert.equal(started.headers['event_id'], published.event_id);
    const envelope: OnexEnvelopeV1 | undefined = byType.get('STATE_PERSISTED')?.envelope;
    assert.deepEqual(
      { ...envelope?.payload, timestamp: null },
      { aggregation_id: state.payload.aggregation_id, namespaces_count: 1, workflows_count: 10, timestamp: null },
    );
    assert.equal(envelope?.correlation_id, requestId);
    const fsm = byType.get('FSM_STATE_TRANSITIONED');
    assert.ok(fsm);
    assert.equal(fsm.key, transition.payload.workflow_id);
    assert.equal(fsm.envelope.payload['transition_id'], moved.transition_id);
  });

  it('ends an empty list well', async () => {
    const report = await environment.client.executeIntents([]);
    assert.deepEqual([report.outcome, report.results], ['completed', []]);
  });

  it('keeps the order of priorities: a later tier sees what an earlier one wrote', async () => {
    const transition = persistFsmTransition({}, { priority: 3 });
    const report = await environment.client.executeIntents([recoverFsmStates(), transition]);
    const [recovered] = report.results;
    assert.ok(recovered?.intent_type === 'RecoverFSMStates');
    assert.equal(recovered.recovered_states?.[transition.payload.workflow_id]?.current_state, 'PROCESSING');
  });

  it('fails fast when a priority-5 PersistState fails: lower tiers skipped, execution Failed, full report', async () => {
    const bad = await overflowing(5);
    const skipped = persistState();
    const requestId = randomUUID();
    const report = await environment.client.executeIntents([skipped, bad, publishEvent()], { requestId });
    assert.equal(report.outcome, 'failed');
    assert.deepEqual(
      report.results.map(({ status }) => status),
      ['skipped', 'failed', 'skipped'],
    );
    // The time is that of the activity, and 0 where none was started.
    assert.deepEqual(
      report.results.map(({ execution_time_ms }) => execution_time_ms > 0),
      [false, true, false],
    );
    assert.match(report.results[1]!.error ?? '', /bigint out of range/i);
    assert.deepEqual(await rowsOf(skipped.payload.aggregation_id), []);

    const handle = environment.temporal.workflow.getHandle(requestId);
    const described = await handle.describe();
    assert.equal(described.status.name, 'FAILED');
    await assert.rejects(handle.result(), (error: unknown) => {
      assert.ok(error instanceof WorkflowFailedError);
      assert.equal(Reflect.get(error.cause ?? {}, 'type'), 'FailFast');
      return true;
    });
    const failures = await readEventsByConsole(environment, ['OPERATION_FAILED']);
    const announced = failures.find(({ envelope }) => envelope.correlation_id === requestId);
    assert.equal(announced?.envelope.payload['intent_type'], 'PERSIST_STATE');
  });

  it('fails fast when a RecoverFSMStates fails', async () => {
    const state = persistState();
    const report = await environment.client.executeIntents([state, recoverFsmStates({ cursor: 'no cursor' })]);
    assert.equal(report.outcome, 'failed');
    assert.deepEqual(
      report.results.map(({ status }) => status),
      ['skipped', 'failed'],
    );
    assert.deepEqual(await rowsOf(state.payload.aggregation_id), []);
  });

  it('ends partial when the same failure has priority 1: neighbours run', async () => {
    const good = persistState();
    const bad = await overflowing(1);
    const report = await environment.client.executeIntents([bad, good, publishEvent()]);
    assert.equal(report.outcome, 'partial');
    assert.deepEqual(
      report.results.map(({ status }) => status),
      ['failed', 'succeeded', 'succeeded'],
    );
    assert.equal((await rowsOf(good.payload.aggregation_id)).length, 1);
  });

  it('takes another fail-fast priority from the options', async () => {
    const report = await environment.client.executeIntents([await overflowing(1), publishEvent()], {
      failFastPriority: 1,
    });
    assert.deepEqual([report.outcome, report.results[1]?.status], ['failed', 'skipped']);
  });

  it('leaves out a derived STATE_PERSISTED that the list publishes itself', async () => {
    const state = persistState();
    const { aggregation_id } = state.payload;
    const own = publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id });
    await environment.client.executeIntents([state, own]);
    const all = persistState();
    await environment.client.executeIntents(
      [all, publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id: all.payload.aggregation_id })],
      { derivedEvents: 'all' },
    );
    const none = persistState();
    await environment.client.executeIntents([none], { derivedEvents: 'none' });
    const events = await readEvents(environment, ['STATE_PERSISTED']);
    const count = (id: string) => events.filter(({ envelope }) => envelope.payload['aggregation_id'] === id).length;
    assert.deepEqual(
      [count(aggregation_id), count(all.payload.aggregation_id), count(none.payload.aggregation_id)],
      [1, 2, 0],
    );
  });

  it('announces itself what the list was to publish and did not', async () => {
    const effect = persistState({}, { priority: 5 });
    const { aggregation_id } = effect.payload;
    const own = publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id: aggregation_id.toUpperCase() });
    const report = await environment.client.executeIntents([effect, await overflowing(3), own]);
    assert.deepEqual(
      report.results.map(({ status }) => status),
      ['succeeded', 'failed', 'skipped'],
    );
    const events = await readEvents(environment, ['STATE_PERSISTED']);
    const ofEffect = events.filter(({ envelope }) => envelope.payload['aggregation_id'] === aggregation_id);
    assert.equal(ofEffect.length, 1);
  });

  it('publishes a list of events that together exceed what a broker takes in one batch', async () => {
    const aggregation_id = randomUUID();
    const intents = Array.from({ length: 490 }, () =>
      publishEvent({ event_type: 'BATCH_PROCESSED', aggregation_id, filler: 'x'.repeat(1_600) }),
    );
    const report = await environment.client.executeIntents(intents);
    assert.deepEqual(report.counts, { succeeded: 490 });
    const events = await readEvents(environment, ['BATCH_PROCESSED']);
    assert.equal(new Set(events.map(({ envelope }) => envelope.event_id)).size, 490);
    assert.equal(events.length, 490);
  });

  it('has what a report cannot hold in the ledger', async () => {
    const report = await environment.client.executeIntents([
      persistState(),
      publishEvent(),
      recoverFsmStates({ limit: 1 }),
    ]);
    const bare = makeReport(report, report.results, 10);
    assert.deepEqual([bare.truncated, 'topic' in bare.results[1]!], [true, false]);
    const pool = createPool({ url: environment.endpoints.postgres.url, min: 0, max: 1 }, () => undefined);
    const completed = await completeReport(bare as IntentsReport, createLedger(pool));
    await pool.end();
    // The page of states is nowhere else.
    assert.deepEqual([completed.truncated, completed.results[2]?.cut], [true, true]);
    assert.deepEqual(completed.results.slice(0, 2), report.results.slice(0, 2));
  });

  it('shows itself by search attributes, summary, details and progress', async () => {
    const [requestId, itsOwn] = [randomUUID(), randomUUID()];
    await environment.client.executeIntents([await overflowing(1), publishEvent()], {
      requestId,
      correlationId: itsOwn,
    });
    const handle = environment.temporal.workflow.getHandle(requestId);
    const { typedSearchAttributes } = await handle.describe();
    assert.equal(typedSearchAttributes.get(correlationId), itsOwn);
    assert.equal(typedSearchAttributes.get(intentOutcome), 'partial');
    assert.equal(typedSearchAttributes.get(failedIntents), 1);
    assert.deepEqual(typedSearchAttributes.get(intentTypes), ['PersistState', 'PublishEvent']);
    assert.deepEqual(await environment.client.progress(requestId), {
      total: 2,
      settled: 2,
      succeeded: 1,
      failed: 1,
      priority: null,
    });
    const metadata = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.match(metadata.currentDetails, /\| 1 \| PersistState \| 1 \| 0 \| 1 \| 0 \| done \|/);
    assert.match(metadata.currentDetails, /`intents\[0\]` PersistState \*\*failed\*\*/);
  });
});
