/**
 * These tests execute lists that hold a marked word, with keys. The word must be nowhere in what Temporal's server
 * says, and everywhere in what a user reads.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { Registry } from 'prom-client';
import { builtinEffects } from '../../activities/index.js';
import { StoreEffectClient } from '../../src/client/index.js';
import { until } from '../../src/flow-control/until.js';
import { type RunningIntake, runIntake } from '../../src/intake/run.js';
import { createLogger } from '../../src/log.js';
import { bridgeHere } from '../support/bridge-here.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { createGate, gatedIntent } from '../support/gate.js';
import { persistFsmTransition, persistState, publishEvent } from '../support/intents.js';
import { bridgeRows } from '../workflows/execution/support.js';
import { failing, failingIntent } from './failing-effect.js';
import { answersWith, rawExecution, rawQueries, rawSchedule, rawTaskQueue } from './raw-answers.js';
import { keyLine, type KeysFolder, makeKeysFile } from './support.js';

/** The marked word is in namespaces, metadata, states, events and the texts of errors. */
const WORD = 'Xyzzy';

const marked = () => {
  const state = persistState(
    { aggregated_data: { [WORD]: { total_stamps: 1, unique_workflows_count: 1, file_types: [WORD] } } },
    { priority: 9 },
  );
  const transition = persistFsmTransition({ metadata: { namespace: WORD } }, { priority: 8 });
  const event = publishEvent({ metadata: { note: WORD } }, { priority: 7 });
  const invalid = persistState({ timestamp: WORD }, { priority: 1 });
  return { state, intents: [state, transition, event, invalid] };
};

describe('encrypted payloads on the servers', function () {
  this.timeout(120_000);
  const gate = createGate();
  const [first, second] = [keyLine('first'), keyLine('second')];
  let keys: KeysFolder;
  let environment: Environment;
  before(async () => {
    keys = await makeKeysFile(first);
    environment = await createEnvironment({
      env: { PAYLOAD_KEYS_FILE: keys.path, SWEEP_SECONDS: '86400' },
      effects: [...builtinEffects, gate.effect, failing],
    });
  });
  after(async () => {
    gate.open();
    await environment.close();
    await keys.remove();
  });

  const bridge = (...args: string[]) => bridgeHere(args, environment.env);
  const lookAt = (workflowId: string) => environment.temporal.workflow.getHandle(workflowId).describe();

  it('leave no word of a started list on the server, and are read by client and commands', async () => {
    const { client, temporal } = environment;
    const requestId = `encrypted-${randomUUID()}`;
    const { state, intents } = marked();
    const report = await client.executeIntents([...intents, failingIntent(3, WORD, 1)], { requestId });
    const errors = report.results.map(({ error }) => error);
    assert.equal(report.outcome, 'failed');
    assert.match(errors[4] ?? '', /the intent fails with Xyzzy/);
    assert.match(errors[3] ?? '', /Xyzzy|skipped/);
    const [row] = await bridgeRows(environment, state.payload.aggregation_id);
    assert.equal(row?.['namespace'], WORD);

    const described = await lookAt(requestId);
    assert.match((await described.staticSummary()) ?? '', /^5 intents: /);
    const { runId } = described;
    const answers = [
      ...(await rawExecution(temporal, { workflowId: requestId, runId })),
      ...(await rawQueries(temporal, requestId, ['progress', 'report'])),
    ];
    assert.deepEqual(answersWith(answers, WORD), []);
    assert.ok(answersWith(answers, 'binary/encrypted').length >= 4, 'the answers do hold payloads');

    const status = await bridge('status', requestId, '--json');
    assert.equal(status.code, 1, status.stderr);
    assert.match(status.stdout, /the intent fails with Xyzzy/);
    assert.equal((await client.progress(requestId))?.failed, 2);
    const rerun = await bridge('rerun', requestId, '--json');
    assert.equal(rerun.code, 1, rerun.stderr);
    assert.match(rerun.stdout, /the intent fails with Xyzzy/);
    const list = await bridge('list', '--json');
    assert.ok(list.stdout.includes(requestId), list.stderr);
  });

  it('leave no word on the server while an attempt has failed and another waits', async () => {
    const { client, temporal } = environment;
    const requestId = `encrypted-${randomUUID()}`;
    await client.start([failingIntent(3, WORD, 3)], { requestId });
    const pending = await until(10_000, async () => {
      const { raw } = await lookAt(requestId);
      assert.ok(raw.pendingActivities?.[0]?.lastFailure, 'an attempt has failed');
      return raw.pendingActivities[0];
    });
    assert.ok(pending.heartbeatDetails?.payloads?.length, 'the outage budget travels in the heartbeat');
    const { runId } = await lookAt(requestId);
    assert.deepEqual(answersWith(await rawExecution(temporal, { workflowId: requestId, runId }), WORD), []);
    const report = await client.result(requestId);
    assert.match(report.results[0]?.error ?? '', /the intent fails with Xyzzy/);
  });

  it('leave no word of an emitted list on the server, and its result is read', async () => {
    const { config, endpoints, temporal } = environment;
    const kafka = { brokers: endpoints.kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX };
    const { address, namespace } = endpoints.temporal;
    const { dataConverter } = temporal.options;
    const taskQueue = config.TEMPORAL_TASK_QUEUE;
    const emitting = await StoreEffectClient.connect({ address, namespace, taskQueue, kafka, dataConverter });
    const { state, intents } = marked();
    let intake: RunningIntake | undefined;
    try {
      const { eventId } = await emitting.emitIntents([...intents, failingIntent(1, WORD)]);
      intake = await runIntake({ config, endpoints, logger: createLogger('silent'), registry: new Registry() });
      const report = await emitting.awaitResult(eventId, { timeoutMs: 60_000 });
      assert.match(report.results[4]?.error ?? '', /the intent fails with Xyzzy/);
      assert.equal((await bridgeRows(environment, state.payload.aggregation_id)).length, 1);
      const status = await bridge('status', eventId, '--json');
      assert.match(status.stdout, /the intent fails with Xyzzy/);
    } finally {
      await intake?.stop(5_000);
      await emitting.close();
    }
    const answers = await until(10_000, async () => {
      const read = await rawTaskQueue(temporal, taskQueue);
      for (const id of ['intake/', 'find-verdicts-', 'encrypted-']) {
        assert.ok(
          read.some(({ of }) => of.startsWith(`history of ${id}`)),
          `${id} is listed`,
        );
      }
      return read;
    });
    assert.deepEqual(answersWith(answers, WORD), []);
    const sweep = await rawSchedule(temporal, `sweep-executions-${taskQueue}`);
    assert.deepEqual(answersWith([sweep], WORD), []);
  });

  it('leave no word of lists that share an execution, and each is read by client and commands', async () => {
    const { client, temporal } = environment;
    const ids = Array.from({ length: 4 }, () => `encrypted-${randomUUID()}`);
    const reports = await Promise.all(
      ids.map((requestId) => client.executeIntents([...marked().intents, failingIntent(3, WORD, 1)], { requestId })),
    );
    const shared = [...new Set(reports.map(({ workflow_id }) => workflow_id))];
    assert.equal(shared.length, 2);
    for (const workflowId of shared) {
      const { runId } = await lookAt(workflowId);
      const answers = [
        ...(await rawExecution(temporal, { workflowId, runId })),
        ...(await rawQueries(temporal, workflowId, ['progress', 'reports'])),
      ];
      assert.deepEqual(answersWith(answers, WORD), []);
      assert.ok(answersWith(answers, 'binary/encrypted').length >= 3, 'the answers do hold payloads');
    }
    const status = await bridge('status', ids[0] ?? '', '--json');
    assert.match(status.stdout, /the intent fails with Xyzzy/);
  });

  it('are found by the same search where they are plain', async () => {
    const { config, temporal } = environment;
    const { connection, options } = temporal;
    const plain = new Client({ connection, namespace: options.namespace });
    const taskQueue = `${config.TEMPORAL_TASK_QUEUE}-nobody`;
    const handle = await plain.workflow.start('none', { args: [WORD], taskQueue, workflowId: taskQueue });
    try {
      const answers = await rawExecution(temporal, { workflowId: taskQueue, runId: handle.firstExecutionRunId });
      assert.deepEqual(answersWith(answers, WORD), [`history of ${taskQueue}`]);
    } finally {
      await handle.terminate();
    }
  });

  it('are read after the keys are rotated in the middle of a list', async () => {
    const { client, temporal } = environment;
    const requestId = `encrypted-${randomUUID()}`;
    const entered = gate.close();
    const state = persistState({}, { priority: 9 });
    await client.start([state, gatedIntent(5), failingIntent(0, WORD)], { requestId });
    await entered;
    await keys.write(second, first);
    // A key ring is read again after a second.
    await sleep(1_100);
    gate.open();
    const report = await client.result(requestId);
    assert.deepEqual(
      report.results.map(({ status }) => status),
      ['succeeded', 'succeeded', 'failed'],
    );
    assert.match(report.results[2]?.error ?? '', /the intent fails with Xyzzy/);
    const { events } = await temporal.workflow.getHandle(requestId).fetchHistory();
    const [payload] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const [result] = events?.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads ?? [];
    const keyOf = (one: typeof payload) => Buffer.from(one?.metadata?.['encryption-key-id'] ?? []).toString();
    assert.deepEqual([keyOf(payload), keyOf(result)], ['first', 'second']);
    const status = await bridge('status', requestId, '--json');
    assert.match(status.stdout, /the intent fails with Xyzzy/);
  });

  it('take lists of the largest size', async () => {
    const requestId = `encrypted-${randomUUID()}`;
    const large = Array.from({ length: 20 }, () => publishEvent({ metadata: { note: 'x'.repeat(74_000) } }));
    assert.ok(JSON.stringify(large).length > 1_480_000);
    const report = await environment.client.executeIntents(large, { requestId });
    assert.equal(report.outcome, 'completed');
  });

  it('are named by commands that have no keys, or others', async () => {
    const requestId = `encrypted-${randomUUID()}`;
    await environment.client.executeIntents([persistState()], { requestId });
    const { PAYLOAD_KEYS_FILE: _, ...without } = environment.env;
    const unset = await bridgeHere(['status', requestId], without);
    const encrypted = 'bridge: Temporal: a payload is encrypted with the key "second"';
    assert.deepEqual([unset.code, unset.stderr], [3, `${encrypted}, and PAYLOAD_KEYS_FILE is not set\n`]);
    const others = await makeKeysFile(keyLine('third'));
    const wrong = await bridgeHere(['status', requestId], { ...without, PAYLOAD_KEYS_FILE: others.path });
    const sentence = `${encrypted}, which is not in ${others.path} (PAYLOAD_KEYS_FILE)\n`;
    assert.deepEqual([wrong.code, wrong.stderr], [3, sentence]);
    await others.write('second short\n');
    const unusable = await bridgeHere(['status', requestId], { ...without, PAYLOAD_KEYS_FILE: others.path });
    assert.equal(unusable.code, 2);
    assert.match(unusable.stderr, /^bridge: PAYLOAD_KEYS_FILE: .*keys: line 1: expected the key in base64/);
    await others.remove();
  });
});
