/** These tests install the wheel of the Python client alone, and use it on the real servers. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Partitioners } from 'kafkajs';
import { topicOf } from '../../src/domain/events/event-types.js';
import { emittedId } from '../../src/domain/values/ids.js';
import { contractProblem } from '../support/contract-validator.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import type { publishEvent } from '../support/intents.js';
import { readRecords } from '../support/records.js';
import { sizeOf } from './installed.js';
import { CLIENT, installWheel, type InstalledWheel } from './python.js';

const run = promisify(execFile);

/** The sizes that the wheel, and all that it installs, may have. */
const MOST = { wheel: 60_000, installed: 120_000_000 };

interface Emitted {
  readonly event_id: string;
  readonly payload: { readonly request_id: string };
}

describe('the wheel of the Python client', () => {
  let environment: Environment;
  let project: string;
  let installed: InstalledWheel;
  before(async function () {
    // The first run on a machine downloads what the wheel declares.
    this.timeout(200_000);
    environment = await createEnvironment({ intake: true });
    project = await mkdtemp(join(tmpdir(), 'bridge-python-'));
    installed = await installWheel(project, environment.config.BRIDGE_CACHE_DIR);
  });
  after(async () => {
    await rm(project, { recursive: true, force: true });
    await environment.close();
  });

  const python = (cwd: string, env: NodeJS.ProcessEnv, ...args: string[]) =>
    run(installed.python, args, { cwd, env: { ...environment.env, ...installed.env, ...env } });

  it('executes the first list of its README, in five lines', async () => {
    const page = await readFile(join(CLIENT, 'README.md'), 'utf8');
    const [, program = '', list = ''] = /```python\n(.*?)```.*?```json\n(.*?)```/s.exec(page) ?? [];
    assert.equal(program.trim().split('\n').length, 5);
    const folder = join(project, 'first-list');
    await mkdir(folder);
    // A stack that stays up knows the list of an earlier run under its request id.
    const own = program.replace('"reduction-3"', `"${environment.config.KAFKA_TOPIC_PREFIX}-first"`);
    assert.notEqual(own, program);
    await writeFile(join(folder, 'first_list.py'), own);
    await writeFile(join(folder, 'list.json'), list);
    const { stdout } = await python(folder, {}, 'first_list.py').catch((error: unknown) => {
      // The threads of temporalio may meet an interpreter that ends, behind the program's last line.
      const ended = error as { readonly stdout: string; readonly stderr: string };
      if (ended.stderr.includes('Python runtime state: finalizing')) return ended;
      throw error;
    });
    assert.equal(stdout, "completed {'succeeded': 1}\n");
    const { rows } = await environment.pool.query('SELECT total_items_aggregated FROM bridge_state_rows');
    assert.deepEqual(rows, [{ total_items_aggregated: '120' }]);
  });

  it('passes its own tests: ids, reports, failures, lists that are emitted', async () => {
    const known = {
      intent_type: 'PublishEvent',
      target: 'event_bus',
      payload: { event_type: 'BATCH_PROCESSED', mean: 2 },
    };
    await environment.client.executeIntents([known as ReturnType<typeof publishEvent>], {
      requestId: `${environment.config.KAFKA_TOPIC_PREFIX}-typescript`,
      share: 'never',
    });
    const variables = {
      RUN: environment.config.KAFKA_TOPIC_PREFIX,
      KAFKA_BROKERS: environment.endpoints.kafka.brokers.join(','),
    };
    const folder = join(project, 'empty');
    await mkdir(folder);
    await python(folder, variables, '-m', 'unittest', 'discover', '-s', join(CLIENT, 'tests')).catch(
      (error: unknown) => {
        assert.fail((error as { readonly stderr: string }).stderr);
      },
    );
  });

  it('has left messages like those of the TypeScript client', async () => {
    const { kafka } = environment.endpoints;
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    // Five lists, of which the first was emitted again.
    const records = await readRecords(kafka, [topic], { expect: 6 });
    const partition = Partitioners.DefaultPartitioner();
    const partitionMetadata = [0, 1].map((partitionId) => ({ partitionId })) as Parameters<
      typeof partition
    >[0]['partitionMetadata'];
    for (const { value, key, headers, partition: found } of records) {
      const envelope = JSON.parse(value ?? '') as Emitted;
      assert.equal(contractProblem('intent-emitted', envelope), null);
      assert.equal(envelope.event_id, emittedId({ ...envelope.payload }));
      assert.equal(key, envelope.payload.request_id);
      assert.deepEqual(headers, { event_id: envelope.event_id, event_type: 'INTENT_EMITTED', correlation_id: key });
      assert.equal(partition({ topic, partitionMetadata, message: { key: Buffer.from(key), value: null } }), found);
    }
    assert.equal(new Set(records.map(({ partition: number }) => number)).size, 2);
  });

  it('has left each effect once', async () => {
    const { rows } = await environment.pool.query(
      "SELECT count(*)::int AS rows, sum(total_items_aggregated)::int AS items FROM bridge_state_rows WHERE namespace = 'python'",
    );
    // One executed list and five emitted ones, with three items each.
    assert.deepEqual(rows, [{ rows: 6, items: 18 }]);
    const transitions = await environment.pool.query('SELECT current_state FROM fsm_states');
    assert.deepEqual(transitions.rows, [{ current_state: 'PROCESSING' }]);
  });

  it('is small', async () => {
    assert.ok((await stat(installed.wheel)).size < MOST.wheel, `${(await stat(installed.wheel)).size} bytes`);
    const bytes = (await sizeOf(join(project, 'site'))) + (await sizeOf(installed.packages));
    assert.ok(bytes < MOST.installed, `${bytes} bytes`);
  });
});
