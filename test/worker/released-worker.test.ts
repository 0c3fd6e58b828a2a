/**
 * These tests run a worker of the build before on today's schema: a deploy migrates first, and its workers go on. The
 * build is packed in test/data (`npm run release:worker`).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { StoreEffectClient } from '../../src/client/index.js';
import { until } from '../../src/flow-control/until.js';
import { auditEvents, auditRows, CHAOS_EVENTS } from '../chaos/support/audit.js';
import { makeLists } from '../chaos/support/lists.js';
import { startWorkerProcess, type WorkerProcess } from '../chaos/support/worker-process.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { persistState } from '../support/intents.js';
import { emitList } from './support.js';

describe('a worker of the build before, on the schema of this one', () => {
  let environment: Environment;
  let client: StoreEffectClient;
  let folder: string;
  const workers: WorkerProcess[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bridge-released-'));
    execFileSync('tar', ['--extract', '--gzip', '--file', 'test/data/released-worker.tgz', '--directory', folder]);
    for (const name of ['node_modules', 'migrations', 'package.json']) symlinkSync(resolve(name), join(folder, name));
    environment = await createEnvironment({ worker: false });
    const { config, endpoints } = environment;
    client = await StoreEffectClient.connect({
      address: endpoints.temporal.address,
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      kafka: { brokers: endpoints.kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX },
      // Workers are updated before clients, so the lists of older workers share no execution.
      share: 'never',
    });
    workers.push(await start(join(folder, 'dist', 'src', 'cli', 'main.js')));
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    rmSync(folder, { recursive: true });
    await client.close();
    await environment.close();
  });

  const start = (main?: string): Promise<WorkerProcess> => {
    const { env, workerEndpoints } = environment;
    return startWorkerProcess({ ...env, DATABASE_URL: workerEndpoints.postgres.url }, ['--intake'], main);
  };
  /** Executes lists that are started, and as many that are emitted. Rows and messages have to be exactly theirs. */
  async function assertExact(): Promise<void> {
    const { lists, expected } = makeLists(12, 'auto');
    const [started, emitted] = [lists.slice(0, 6), lists.slice(6)];
    const ids = await Promise.all(emitted.map(({ requestId, intents }) => client.emitIntents(intents, { requestId })));
    const reports = await Promise.all([
      ...started.map(({ requestId, intents }) => client.executeIntents(intents, { requestId })),
      ...ids.map(({ eventId }) => client.awaitResult(eventId)),
    ]);
    assert.deepEqual(new Set(reports.map(({ outcome }) => outcome)), new Set(['completed']));
    const { pool } = environment;
    assert.deepEqual(await until(30_000, () => auditRows(pool, expected)), { lost: [], doubled: [] });
    const { lost, doubled } = auditEvents(await readEvents(environment, CHAOS_EVENTS), expected);
    assert.deepEqual([lost, doubled], [[], []]);
  }

  it('executes lists, started and emitted', async () => {
    await assertExact();
  });

  it('parks a list behind a locked row, and answers it afterwards', async () => {
    const held = persistState();
    await client.executeIntents([held]);
    const { pool } = environment;
    const holder = await pool.connect();
    const bridgeId = held.payload.aggregation_id;
    try {
      await holder.query('BEGIN');
      await holder.query('UPDATE bridge_state_rows SET updated_at = now() WHERE bridge_id = $1', [bridgeId]);
      const eventId = await emitList(environment, [persistState({ aggregation_id: bridgeId })]);
      await until(30_000, async () => {
        assert.equal((await pool.query('SELECT FROM intake_parked WHERE event_id = $1', [eventId])).rowCount, 1);
      });
      await holder.query('ROLLBACK');
      assert.equal((await client.awaitResult(eventId)).outcome, 'completed');
    } finally {
      holder.release(true);
    }
  });

  it('works beside a worker of this build', async () => {
    workers.push(await start());
    await assertExact();
  });
});
