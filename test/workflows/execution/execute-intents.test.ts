import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { completeReport } from '../../../src/client/complete-report.js';
import { type IntentsReport, RefusedError, RequestConflictError } from '../../../src/client/index.js';
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
import { startRaw } from '../../support/start-raw.js';
import { temporalCli } from '../../support/temporal-cli.js';

const MAX_BIGINT = '9223372036854775807';

describe('ExecuteIntentsWorkflow', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  /** A PersistState that the database refuses: its row's total is at the end of BIGINT. */
  async function overflowing(priority: number) {
    const intent = persistState({}, { priority });
    await environment.pool.query(
      `INSERT INTO bridge_states (bridge_id, namespace, total_items_aggregated, current_fsm_state)
       VALUES ($1, 'test.namespace', $2, 'UNKNOWN')`,
      [intent.payload.aggregation_id, MAX_BIGINT],
    );
    return intent;
  }
  const rowsOf = async (bridgeId: string) =>
    (await environment.pool.query('SELECT * FROM bridge_states WHERE bridge_id = $1', [bridgeId])).rows as Record<
      string,
      unknown
    >[];
  const start = (input: unknown) =>
    environment.temporal.workflow.start('ExecuteIntentsWorkflow', {
      args: [input],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: randomUUID(),
    });

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
    const pool = createPool({ connectionString: environment.endpoints.postgres.url, min: 0, max: 1 }, () => undefined);
    const completed = await completeReport(bare as IntentsReport, createLedger(pool));
    await pool.end();
    assert.equal(completed.truncated, false);
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

  describe('started by any client, with any input', () => {
    const refusals: [string, unknown, RegExp][] = [
      ['no object', 7, /^input: expected an object \{intents, options\?\}, got number 7$/],
      ['nothing', undefined, /^input: expected an object .*, got nothing$/],
      ['a list', [], /^input: expected an object .*, got array$/],
      ['intents of a wrong type', { intents: 'x' }, /^intents: expected an array, got string "x"$/],
      [
        'too many intents',
        { intents: Array.from({ length: 2_001 }, () => 1) },
        /^intents: the list holds 2001 intents, the limit is 2000/,
      ],
    ];
    for (const [what, input, message] of refusals) {
      it(`refuses ${what}, naming the field`, async () => {
        const { workflowId } = await start(input);
        await assert.rejects(environment.client.result(workflowId), (error: unknown) => {
          assert.ok(error instanceof RefusedError);
          assert.match(error.message, message);
          return true;
        });
      });
    }

    for (const levels of [1_000, 8_000, 100_000]) {
      it(`survives nesting of ${levels} levels beside a valid intent`, async () => {
        const good = persistState();
        const input = `{"intents":[${JSON.stringify(good)},{"intent_type":"PublishEvent","target":"event_bus","payload":{"event_type":"NODE_HEARTBEAT","deep":${'['.repeat(levels)}${']'.repeat(levels)}}}]}`;
        const workflowId = randomUUID();
        await startRaw(environment, workflowId, input);
        const report = await environment.client.result(workflowId);
        assert.deepEqual(
          report.results.map(({ status }) => status),
          ['succeeded', 'failed'],
        );
        assert.match(report.results[1]!.error ?? '', /expected at most 64 levels of nesting, got more/);
        assert.equal((await rowsOf(good.payload.aggregation_id)).length, 1);
      });
    }

    it('names numbers that JSON’s readers would round or lose', async () => {
      const intent = (field: string): string =>
        `{"intent_type":"PublishEvent","target":"event_bus","payload":{"event_type":"NODE_HEARTBEAT",${field}}}`;
      const good = persistState();
      const json = [intent('"a":1e400'), intent('"a":9007199254740993'), JSON.stringify(good)].join(',');
      const workflowId = randomUUID();
      await startRaw(environment, workflowId, `{"intents":[${json}]}`);
      const report = await environment.client.result(workflowId);
      assert.deepEqual(
        report.results.map(({ status }) => status),
        ['failed', 'failed', 'succeeded'],
      );
      for (const { error } of report.results.slice(0, 2)) {
        assert.match(error ?? '', /^payload\.a: expected a whole number JSON can represent/);
      }
    });

    it('survives many unknown types and long paths beside a valid intent', async () => {
      const good = persistState();
      const unknown = Array.from({ length: 40 }, () => ({ ...good, intent_type: randomUUID().repeat(2) }));
      let deep: unknown = '\u0000';
      for (let level = 0; level < 60; level += 1) deep = { ['"'.repeat(80)]: deep };
      const long = Array.from({ length: 130 }, () => publishEvent({ deep }));
      const { workflowId } = await start({ intents: [good, ...unknown, ...long] });
      const report = await environment.client.result(workflowId);
      assert.deepEqual(report.counts, { succeeded: 1, failed: 170 });
    });

    it("is started by Temporal's own command line: a bad intent beside a good one, and what is no request", async () => {
      const startByCli = async (input: string) => {
        const workflowId = randomUUID();
        const { TEMPORAL_TASK_QUEUE: queue } = environment.config;
        const what = ['--type', 'ExecuteIntentsWorkflow', '--task-queue', queue, '--workflow-id', workflowId];
        await temporalCli(environment, 'workflow', 'start', ...what, '--input', input);
        return workflowId;
      };
      const good = persistState();
      const wrong = { ...good, payload: { ...good.payload, aggregation_id: 7 } };
      const report = await environment.client.result(await startByCli(JSON.stringify({ intents: [wrong, good] })));
      assert.equal(report.outcome, 'partial');
      assert.match(report.results[0]?.error ?? '', /^payload\.aggregation_id: expected a string, got number 7/);
      assert.equal((await rowsOf(good.payload.aggregation_id)).length, 1);

      const refused = await startByCli('"a list"');
      await assert.rejects(environment.temporal.workflow.getHandle(refused).result(), WorkflowFailedError);
      const shown = await temporalCli(environment, 'workflow', 'describe', '--workflow-id', refused);
      assert.match(shown, /expected an object.*got string/);
    });

    it('names the field of every bad intent and runs the good one', async () => {
      const good = persistState();
      const { workflowId } = await start({
        intents: [
          null,
          good,
          { ...persistState(), intent_type: 'SendMail' },
          { ...persistState(), target: 'event_bus' },
          persistFsmTransition({ metadata: { note: '\u0000' } }),
          persistState({ aggregated_data: { n: { total_stamps: 1e30 } } }),
        ],
      });
      const report = await environment.client.result(workflowId);
      assert.equal(report.outcome, 'partial');
      assert.deepEqual(
        report.results.map(({ error }) => error?.split(':')[0] ?? null),
        ['intent', null, 'intent_type', 'target', 'payload.metadata.note', 'payload.aggregated_data.n.total_stamps'],
      );
      assert.equal((await rowsOf(good.payload.aggregation_id)).length, 1);
    });
  });
});
