/** A test file's own corner of the real servers: database, topics, task queue, and a worker in this process. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import type { AnyEffect } from '../../activities/effect.js';
import { workerEndpoints } from '../../src/cli/context.js';
import { setup } from '../../src/cli/setup.js';
import { StoreEffectClient } from '../../src/client/index.js';
import { type Config, loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import type { StackEndpoints } from '../../src/stack/index.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';

export interface Environment {
  /** Variables that make `bridge` work in this corner. */
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  readonly endpoints: StackEndpoints;
  readonly temporal: Client;
  readonly client: StoreEffectClient;
  readonly pool: pg.Pool;
  readonly worker: RunningWorker | undefined;
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly effects?: readonly AnyEffect[];
  /** Default true. */
  readonly worker?: boolean;
}

/** Task queues of this run, for the replay at its end. */
export const taskQueues: string[] = [];

export async function createEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const name = `t${randomUUID().slice(0, 8)}`;
  const databaseUrl = new URL(process.env['DATABASE_URL'] ?? '');
  databaseUrl.pathname = `/bridge_${name}`;
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl.href,
    TEMPORAL_TASK_QUEUE: `test-${name}`,
    KAFKA_TOPIC_PREFIX: name,
    KAFKA_TOPIC_PARTITIONS: '2',
    PG_POOL_MIN: '0',
    PORT: '0',
    LOG_LEVEL: 'silent',
    SHUTDOWN_GRACE_SECONDS: '5',
    // A test that means what a Schedule does says so: it would send letters, and announce, under another test's hands.
    DLQ_REDRIVE_SECONDS: '0',
    LEDGER_RETENTION_DAYS: '0',
    SWEEP_SECONDS: '0',
    RECOVERY_SECONDS: '0',
    ...options.env,
  };
  const config = loadConfig(env);
  const endpoints: StackEndpoints = {
    temporal: { address: config.TEMPORAL_ADDRESS ?? '', namespace: config.TEMPORAL_NAMESPACE, ui: null },
    postgres: { url: databaseUrl.href },
    kafka: { brokers: config.KAFKA_BOOTSTRAP_SERVERS ?? [] },
  };
  await setup(config, endpoints);
  const worker =
    options.worker === false
      ? undefined
      : await startWorker({
          config,
          logger: createLogger(config.LOG_LEVEL),
          endpoints: workerEndpoints(endpoints),
          ...(options.effects === undefined ? {} : { effects: options.effects }),
        });
  taskQueues.push(config.TEMPORAL_TASK_QUEUE);
  const connection = await Connection.connect({ address: endpoints.temporal.address });
  const temporal = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE });
  const pool = new pg.Pool({ connectionString: databaseUrl.href, max: 4 });
  // pg's `end` does not wait for the goodbyes: the database may be dropped first, which a connection reports here.
  pool.on('error', () => undefined);
  return {
    env,
    config,
    endpoints,
    temporal,
    client: new StoreEffectClient(temporal, config.TEMPORAL_TASK_QUEUE),
    pool,
    worker,
    async close() {
      await worker?.shutdown();
      await pool.end();
      await connection.close();
      await dropDatabase(databaseUrl);
      assert.equal(worker?.busyConnections ?? 0, 0, 'connections of the worker that were never released');
    },
  };
}

async function dropDatabase(url: URL): Promise<void> {
  const admin = new pg.Client({ connectionString: process.env['DATABASE_URL'] });
  await admin.connect();
  try {
    await admin.query(`DROP DATABASE IF EXISTS "${url.pathname.slice(1)}" WITH (FORCE)`);
  } finally {
    await admin.end();
  }
}
