/**
 * Before any test: the real servers. After each file: nothing is left open. After the last: what was started is
 * stopped.
 */
import assert from 'node:assert/strict';
import { stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import { stackDown, type StackEndpoints, stackStatus, stackUp } from '../../src/stack/index.js';
import { workflowBundle } from '../../src/temporal/bundle.js';
import { until } from '../../src/flow-control/until.js';
import { buildIfStale } from './build.js';
import { environmentsClosed } from './environment.js';
import { beginReport, endReport, reportFile } from './run-report.js';
import { beginRun } from './run.js';
import { deleteTopics } from './run-topics.js';
import { dropDatabases, makeTemplate } from './template-database.js';

const options = stackOptions(loadConfig());
let startedHere = false;

/** Milliseconds for what closes by itself after the last test. */
const LEFT_OPEN_MS = 20_000;

export async function mochaGlobalSetup(): Promise<void> {
  // Brokers and console tools live for minutes here: what the optimising compiler takes is not won back (a broker
  // starts with 4 s of CPU, not 6).
  process.env['JAVA_TOOL_OPTIONS'] ??= '-XX:TieredStopAtLevel=1';
  const before = await stackStatus(options);
  startedHere = Object.values(before.services).some(({ state }) => state === 'stopped');
  try {
    // A kept mistake makes the build stale, and most of the tests that are to notice it start no command.
    const built = process.env['TEST_BUILD'] === 'no' ? Promise.resolve() : buildIfStale();
    const up = stackUp({
      ...options,
      onProgress: ({ service, message }) => process.stderr.write(`stack: ${service} ${message}\n`),
    });
    // Side by side; what fails is told when both have come to their end.
    await Promise.allSettled([built, up]);
    await built;
    await prepareRun(await up);
  } catch (error) {
    if (startedHere) await stackDown(options);
    throw error;
  }
}

async function prepareRun(endpoints: StackEndpoints): Promise<void> {
  // Tests are handed addresses the way a deployment is.
  process.env['TEMPORAL_ADDRESS'] = endpoints.temporal.address;
  process.env['DATABASE_URL'] = endpoints.postgres.url;
  process.env['KAFKA_BOOTSTRAP_SERVERS'] = endpoints.kafka.brokers.join(',');
  beginRun();
  // Once here, not at the same time in each process that tests.
  await makeTemplate();
  await workflowBundle(createLogger('silent'));
  beginReport();
}

/** Sockets, servers and child processes: what would keep a process of ours from ending. */
function open(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => ['TCPSocketWrap', 'TCPServerWrap', 'ProcessWrap'].includes(kind))
    .sort();
}

/** What was open before may have been closed meanwhile. */
function openedSince(before: readonly string[]): string[] {
  const rest = [...before];
  return open().filter((kind) => {
    const index = rest.indexOf(kind);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}

let openBefore: string[] = [];
let startedAt = 0;

export const mochaHooks = {
  beforeAll(): void {
    openBefore = open();
    startedAt = Date.now();
  },
  /**
   * A process tests several files, and is ended after the last: only here can one be found to have left something open.
   */
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(LEFT_OPEN_MS + 10_000);
    const suite = this.test?.parent?.suites[0];
    const seconds = (Date.now() - startedAt) / 1_000;
    reportFile({ file: suite?.file ?? 'unknown', seconds, ...environmentsClosed() });
    await until(LEFT_OPEN_MS, () => {
      assert.deepEqual(openedSince(openBefore), [], 'the file left something open');
      return Promise.resolve();
    });
  },
};

export async function mochaGlobalTeardown(): Promise<void> {
  const files = endReport();
  await Promise.all([dropDatabases(), deleteTopics(loadConfig().KAFKA_BOOTSTRAP_SERVERS ?? [])]);
  if (startedHere) await stackDown(options);
  const sum = (field: 'replayed' | 'environments'): number => files.reduce((total, file) => total + file[field], 0);
  process.stderr.write(`replayed ${sum('replayed')} executions of ${sum('environments')} environments\n`);
  const slowest = [...files].sort((one, other) => other.seconds - one.seconds).slice(0, 10);
  for (const { file, seconds } of slowest) process.stderr.write(`${seconds.toFixed(1).padStart(7)} s  ${file}\n`);
  // Something that was left open here would keep the run from ending, for as long as CI lets it.
  setTimeout(() => {
    process.stderr.write(`the tests ended, and left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, LEFT_OPEN_MS).unref();
}
