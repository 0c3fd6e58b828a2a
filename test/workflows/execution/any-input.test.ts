import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { RefusedError } from '../../../src/client/index.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';
import { startRaw } from '../../support/start-raw.js';
import { temporalCli } from '../../support/temporal-cli.js';
import { bridgeRows } from './support.js';

describe('ExecuteIntentsWorkflow, started by any client, with any input', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());
  const rowsOf = (bridgeId: string) => bridgeRows(environment, bridgeId);
  const start = (input: unknown) =>
    environment.temporal.workflow.start('ExecuteIntentsWorkflow', {
      args: [input],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: randomUUID(),
    });

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
    assert.deepEqual(
      report.results.map(({ error }) => error),
      [
        'payload.a: expected a number under 1.7976931348623157e+308, got number that is not',
        'payload.a: expected a whole number JSON can represent (up to 9007199254740991), got number',
        null,
      ],
    );
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
