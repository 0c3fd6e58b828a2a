/** Before any test: the real servers. After the last one: replay of every execution, then what was started is stopped. */
import { stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { stackDown, stackStatus, stackUp } from '../../src/stack/index.js';

const options = stackOptions(loadConfig());
let startedHere = false;

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

export async function mochaGlobalTeardown(): Promise<void> {
  if (startedHere) await stackDown(options);
}
