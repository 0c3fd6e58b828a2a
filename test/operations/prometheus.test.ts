/** These tests check the metrics and the alerts with Prometheus' own tool, which is the system's or Debian's. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.js';
import { stackOptions } from '../../src/cli/context.js';
import { runCommand } from '../../src/stack/process/run.js';
import { debianPackage } from '../support/debian-package.js';
import { persistState, publishEvent } from '../support/intents.js';
import { get, useWorkers } from '../worker/support.js';

const RULES = 'ops/prometheus-rules.yaml';

/** The SDK shows this one from the first failure on. */
const SHOWN_LATER = new Set(['temporal_workflow_task_execution_failed_total']);
/** The findings on names that are fixed: those of the seed contract, and those of Temporal's SDK. */
const KNOWN = /^(avg_intent_latency_ms|temporal_\w+) /;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook_url: string };
}

describe('metrics of a worker', () => {
  const workers = useWorkers();

  it('count what it does under the names of the seed contract, and show the pool, what waits, and Temporal’s SDK', async () => {
    const { worker, client } = await workers.start();
    const { config } = workers.environment;
    await client.executeIntents([persistState(), publishEvent(), { ...persistState(), target: 'x' }]);
    const { body } = await get(worker, '/metrics');
    for (const line of [
      'intents_executed_total{intent_type="PersistState",status="succeeded"} 1',
      'intents_executed_total{intent_type="PublishEvent",status="succeeded"} 1',
      'intents_failed_total{intent_type="PersistState"} 1',
      // An alert sees no growth in a counter that begins with its first failure.
      'intents_failed_total{intent_type="PublishEvent"} 0',
      'database_operations_total{operation="persist_state"} 1',
      `kafka_events_published_total{topic="${config.KAFKA_TOPIC_PREFIX}.reducer.events.aggregation_started"} 1`,
    ]) {
      assert.ok(body.includes(line), line);
    }
    for (const line of [
      /^avg_intent_latency_ms\{intent_type="PersistState"\} [\d.]+$/m,
      /^intent_duration_seconds_count\{intent_type="PublishEvent"\} 1$/m,
      /^pg_pool_connections \d+$/m,
      /^pg_pool_pressure_total \d+$/m,
      /^pg_slow_checkouts_total \d+$/m,
      /^pg_slow_queries_total \d+$/m,
      /^dead_letters_open 0$/m,
      /^parked_lists_oldest_seconds 0$/m,
      /^store_outage_seconds\{store="kafka"\} 0$/m,
      /^temporal_workflow_completed_total\{/m,
      /^temporal_workflow_task_execution_latency_seconds_count\{/m,
    ]) {
      assert.match(body, line);
    }
  });
});

describe('metrics and alerts, as Prometheus reads them', function () {
  before(function () {
    if (process.env['TEST_PROMTOOL'] === 'no') this.skip();
  });
  const workers = useWorkers();

  let program: string;
  before(async function () {
    this.timeout(120_000);
    program = (await runCommand('promtool', ['--version'])).code === 0 ? 'promtool' : await debianProgram();
  });
  const debianProgram = async (): Promise<string> =>
    join(
      await debianPackage('prometheus', stackOptions(loadConfig()).cacheDir, {
        otherwise: 'TEST_PROMTOOL=no leaves its tests out',
      }),
      'usr',
      'bin',
      'promtool',
    );
  const rules = async (): Promise<readonly Rule[]> =>
    (parse(await readFile(RULES, 'utf8')) as { groups: [{ rules: Rule[] }] }).groups[0].rules;

  it('a worker shows what Prometheus finds well-formed, and every metric that an alert asks for', async () => {
    const { worker, client } = await workers.start({ intake: true });
    await client.executeIntents([persistState(), publishEvent()]);
    const { body } = await get(worker, '/metrics');
    const file = join(await mkdtemp(join(tmpdir(), 'metrics-')), 'metrics');
    await writeFile(file, body);
    const { output } = await runCommand('sh', ['-c', '"$0" check metrics < "$1"', program, file]);
    assert.deepEqual(
      output.split('\n').filter((line) => line !== '' && !KNOWN.test(line)),
      [],
    );
    const shown = new Set([...body.matchAll(/^(?:# TYPE )?(\w+)/gm)].map(([, name]) => name));
    for (const { alert, expr } of await rules()) {
      for (const [name] of expr.matchAll(
        /\b(?:pg|store|outage|circuit|intents|dead|parked|intake|list|ledger|fsm|temporal)_\w+/g,
      )) {
        assert.ok(shown.has(name) || SHOWN_LATER.has(name), `${alert}: no metric ${name}`);
      }
    }
  });

  it('the rules are valid, and each alert fires where it should and nowhere else', async () => {
    for (const args of [
      ['check', 'rules', RULES],
      ['test', 'rules', 'ops/prometheus-rules.test.yaml'],
    ]) {
      const { code, output } = await runCommand(program, args);
      assert.equal(code, 0, output);
    }
  });

  it('each alert has a heading in the runbook, and each heading of an alert an alert', async () => {
    const runbook = await readFile('docs/runbook.md', 'utf8');
    const headings = [...runbook.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    const all = await rules();
    assert.deepEqual(headings.toSorted(), all.map(({ alert }) => alert).toSorted());
    for (const { alert, annotations } of all) {
      assert.equal(annotations.runbook_url, `docs/runbook.md#${alert.toLowerCase()}`);
    }
  });
});
