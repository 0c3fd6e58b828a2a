/**
 * This module gives a bench its own installation of the real servers: database, topics, task queue and a client. The
 * worker runs in a process of its own.
 */
import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { endpointsOf, stackOptions } from '../../src/cli/context.js';
import type { Output } from '../../src/cli/views/output.js';
import { setup } from '../../src/cli/commands/setup.js';
import { type Intent, type Result, StoreEffectClient } from '../../src/client/index.js';
import { loadConfig } from '../../src/config.js';
import type { PostgresEndpoint } from '../../src/endpoints.js';
import { dataConverterOf } from '../../src/payloads/data-converter.js';
import { createPool, type Pool } from '../../src/postgres/core/pool.js';
import { stackUp } from '../../src/stack/index.js';
import { connect } from '../../src/temporal/connect.js';
import { type BenchWorker, forkWorker } from '../processes/child.js';

export interface Installation {
  readonly out: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly taskQueue: string;
  readonly postgres: PostgresEndpoint;
  readonly temporal: Client;
  readonly client: StoreEffectClient;
  readonly worker: BenchWorker;
}

/** @param own variables of the bench, which replace those of all. */
export async function withInstallation(
  out: Output,
  bench: (installation: Installation) => Promise<void>,
  own: NodeJS.ProcessEnv = {},
): Promise<void> {
  const { temporal, postgres, kafka } = await stackUp({
    ...stackOptions(loadConfig()),
    onProgress: ({ message }) => out.note(message),
  });
  const servers = {
    TEMPORAL_ADDRESS: temporal.address,
    DATABASE_URL: postgres.url,
    KAFKA_BOOTSTRAP_SERVERS: kafka.brokers.join(','),
  };
  await withServers(out, servers, bench, own);
}

/** Makes an installation on servers that the variables name, with a database, topics and a task queue of its own. */
export async function withServers(
  out: Output,
  servers: NodeJS.ProcessEnv & { readonly DATABASE_URL: string },
  bench: (installation: Installation) => Promise<void>,
  own: NodeJS.ProcessEnv = {},
): Promise<void> {
  const name = `bench_${randomUUID().slice(0, 8)}`;
  const databaseUrl = new URL(servers.DATABASE_URL);
  databaseUrl.pathname = `/${name}`;
  const env = {
    ...process.env,
    ...servers,
    DATABASE_URL: databaseUrl.href,
    KAFKA_TOPIC_PREFIX: name,
    TEMPORAL_TASK_QUEUE: name,
    // Schedules are off: their work would be measured too.
    DLQ_REDRIVE_SECONDS: '0',
    LEDGER_RETENTION_DAYS: '0',
    SWEEP_SECONDS: '0',
    RECOVERY_SECONDS: '0',
    // The load of the seed contract is spread over a dozen partitions.
    KAFKA_TOPIC_PARTITIONS: '12',
    PORT: '0',
    ...own,
  };
  const config = loadConfig(env);
  const endpoints = await endpointsOf(config);
  await setup(config, endpoints);
  const connection = await connect(endpoints.temporal);
  const dataConverter = dataConverterOf(config);
  const temporal = new Client({ connection, namespace: endpoints.temporal.namespace, dataConverter });
  const worker = await forkWorker('service', env);
  try {
    const client = new StoreEffectClient(temporal, name);
    await bench({ out, env, taskQueue: name, postgres: endpoints.postgres, temporal, client, worker });
  } finally {
    await worker.stop();
    await connection.close();
  }
}

/** Opens a pool for what a bench prepares and counts. Its statements may take as long as they need. */
export const openPool = ({ postgres }: Pick<Installation, 'postgres'>, max: number): Pool =>
  createPool({ ...postgres, min: 0, max, statementTimeoutMs: 3_600_000 }, () => undefined);

/** Executes a list. One that did not succeed ends the bench, because a fast failure is no result. */
export async function execute(
  { client }: Pick<Installation, 'client'>,
  intents: readonly Intent[],
): Promise<readonly Result[]> {
  const report = await client.executeIntents(intents);
  if (report.outcome !== 'completed') {
    throw new Error(
      `${report.workflow_id}: ${report.outcome}: ${report.results.find(({ error }) => error !== null)?.error ?? ''}`,
    );
  }
  return report.results;
}
