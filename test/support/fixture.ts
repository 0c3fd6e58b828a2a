/** Before any test: the real servers. After the last one: replay of every execution, then what was started is stopped. */
import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { stackDown, stackStatus, stackUp } from '../../src/stack/index.js';
import { taskQueues } from './environment.js';
import { historiesOf, replay } from './replay.js';

const options = stackOptions(loadConfig());
let startedHere = false;

/** Milliseconds for what closes by itself after the last test. */
const LEFT_OPEN_MS = 20_000;

export async function mochaGlobalSetup(): Promise<void> {
  const before = await stackStatus(options);
  startedHere = Object.values(before.services).some(({ state }) => state === 'stopped');
  const endpoints = await stackUp({
    ...options,
    onProgress: ({ service, message }) => process.stderr.write(`stack: ${service} ${message}\n`),
  });
  // Tests are handed addresses the way a deployment is.
  process.env['TEMPORAL_ADDRESS'] = endpoints.temporal.address;
  process.env['DATABASE_URL'] = process.env['TEST_DATABASE_URL'] = endpoints.postgres.url;
  process.env['KAFKA_BOOTSTRAP_SERVERS'] = endpoints.kafka.brokers.join(',');
}

export const mochaHooks = {
  /** Every execution of this run is replayed; a test run that started none replays none. */
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(120_000);
    if (taskQueues.length === 0) return;
    const connection = await Connection.connect({
      address: process.env['TEMPORAL_ADDRESS'] ?? '',
      // A run that continues as new for its size has more history than the 4 MB that gRPC takes by default.
      channelArgs: { 'grpc.max_receive_message_length': -1 },
    });
    try {
      const client = new Client({ connection, namespace: options.given.namespace });
      const replayed = await replay(historiesOf(client, taskQueues));
      assert.ok(replayed > 0, 'executions were started and none was replayed');
      process.stderr.write(`replayed ${replayed} executions\n`);
    } finally {
      await connection.close();
    }
  },
};

export async function mochaGlobalTeardown(): Promise<void> {
  if (startedHere) await stackDown(options);
  // Something a test left open would keep the run from ending, for as long as CI lets it.
  setTimeout(() => {
    process.stderr.write(`the tests ended, and left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, LEFT_OPEN_MS).unref();
}
