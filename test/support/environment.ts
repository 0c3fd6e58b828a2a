/**
 * An environment is a test file's own installation on the real servers: database, topics, task queue, and a worker in
 * this process. The worker logs in as its printed role, and the tests as the superuser.
 */
import assert from 'node:assert/strict';
import { Client } from '@temporalio/client';
import pg from 'pg';
import type { AnyEffect } from '../../activities/effects/effect.js';
import { setup } from '../../src/cli/commands/setup.js';
import { givenEndpoints } from '../../src/cli/context.js';
import { StoreEffectClient } from '../../src/client/index.js';
import { type Config, loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import { createPool } from '../../src/postgres/core/pool.js';
import { dataConverterOf } from '../../src/payloads/data-converter.js';
import { connect } from '../../src/temporal/connect.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { assertInvariants, type Exceptions } from '../invariants/index.js';
import { newTopic } from './run.js';
import { asWorker, cloneTemplate, dropDatabase, newName } from './template-database.js';
import type { Endpoints } from '../../src/endpoints.js';

export interface Environment {
  /** Variables that make `bridge` work in this installation. */
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  readonly endpoints: Endpoints;
  /** The same servers with the login of a worker. */
  readonly workerEndpoints: Endpoints;
  readonly temporal: Client;
  readonly client: StoreEffectClient;
  readonly pool: pg.Pool;
  readonly worker: RunningWorker | undefined;
  /** Task queues whose executions the invariants read. A file that starts workers on queues of its own adds those. */
  readonly taskQueues: string[];
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly effects?: readonly AnyEffect[];
  /** Whether the environment has a worker. Default true. */
  readonly worker?: boolean;
  /** Whether the worker has an intake. Default false. */
  readonly intake?: boolean;
  /** Whether the lists of the client share executions. Default `auto`, as of every client. */
  readonly share?: 'auto' | 'never';
  /** Invariants that the file breaks on purpose, each with the reason. */
  readonly except?: Exceptions;
}

const closed = { environments: 0, replayed: 0 };

/** Returns how many environments this process has closed since the last call, and how many executions they replayed. */
export function environmentsClosed(): { readonly environments: number; readonly replayed: number } {
  const counts = { ...closed };
  closed.environments = closed.replayed = 0;
  return counts;
}

export async function createEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const name = newTopic();
  const database = newName();
  // A file with a server of its own has its own database there.
  const own = options.env?.['DATABASE_URL'];
  const databaseUrl = new URL(own ?? process.env['DATABASE_URL'] ?? '');
  if (own === undefined) databaseUrl.pathname = `/${database}`;
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
    // The Schedules are off, because they would send dead letters, and announce, in the middle of a test. A test that
    // wants their work asks for it.
    DLQ_REDRIVE_SECONDS: '0',
    LEDGER_RETENTION_DAYS: '0',
    SWEEP_SECONDS: '0',
    RECOVERY_SECONDS: '0',
    ...options.env,
  };
  const config = loadConfig(env);
  const endpoints = givenEndpoints(config) as Endpoints;
  const workerEndpoints =
    own === undefined ? { ...endpoints, postgres: { url: asWorker(databaseUrl.href) } } : endpoints;
  if (own === undefined) await cloneTemplate(database);
  await setup(config, endpoints);
  const worker =
    options.worker === false
      ? undefined
      : await startWorker({
          config,
          logger: createLogger(config.LOG_LEVEL),
          endpoints: workerEndpoints,
          ...(options.intake === undefined ? {} : { intake: options.intake }),
          ...(options.effects === undefined ? {} : { effects: options.effects }),
        });
  const connection = await connect(endpoints.temporal, {
    // A run that continues as new for its size has more history than the 4 MB that gRPC takes by default.
    channelArgs: { 'grpc.max_receive_message_length': -1 },
  });
  const dataConverter = dataConverterOf(config);
  const temporal = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE, dataConverter });
  const pool: pg.Pool =
    own === undefined
      ? new pg.Pool({ connectionString: databaseUrl.href, max: 4 })
      : createPool({ ...endpoints.postgres, min: 0, max: 4 }, () => undefined);
  // pg's `end` does not wait until the server has closed the connections. When the database is dropped first, a
  // connection reports it here.
  pool.on('error', () => undefined);
  const environment: Environment = {
    env,
    config,
    endpoints,
    workerEndpoints,
    temporal,
    client: new StoreEffectClient(
      temporal,
      config.TEMPORAL_TASK_QUEUE,
      undefined,
      temporal,
      undefined,
      options.share ?? 'auto',
    ),
    pool,
    worker,
    taskQueues: [config.TEMPORAL_TASK_QUEUE],
    async close() {
      await worker?.shutdown();
      try {
        assert.equal(worker?.busyConnections ?? 0, 0, 'connections of the worker that were never released');
        closed.replayed += await assertInvariants(environment, options.except ?? {});
      } finally {
        closed.environments += 1;
        await pool.end();
        await connection.close();
        if (own === undefined) await dropDatabase(database);
      }
    },
  };
  return environment;
}
