/**
 * This fixture starts the real servers before any test, and after the last test stops what it has started. After each
 * file it checks that nothing is left open.
 */
import assert from 'node:assert/strict';
import { devNull } from 'node:os';
import { stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import { stackDown, stackStatus, stackUp } from '../../src/stack/index.js';
import { workflowBundle } from '../../src/temporal/bundle.js';
import { until } from '../../src/flow-control/until.js';
import { buildIfStale } from './build.js';
import { environmentsClosed } from './environment.js';
import { areContainers, missingTools } from './preflight.js';
import { beginReport, endReport, reportFile } from './run-report.js';
import { beginRun } from './run.js';
import { deleteTopics } from './run-topics.js';
import { dropDatabases, makeTemplate } from './template-database.js';
import type { Endpoints } from '../../src/endpoints.js';

// The profiles of whoever runs the tests are none of theirs, unless the tests are to run against one.
process.env['TEMPORAL_CONFIG_FILE'] ??= devNull;
const options = stackOptions(loadConfig());
let startedHere = false;

/** Milliseconds in which everything has to close by itself, after a file and after the last test. */
const LEFT_OPEN_MS = 20_000;

export async function mochaGlobalSetup(): Promise<void> {
  // Brokers and console tools live for minutes here, which is too short to win back the time of the optimising
  // compiler. Without it a broker starts with 4 s of CPU, not 6.
  process.env['JAVA_TOOL_OPTIONS'] ??= '-XX:TieredStopAtLevel=1';
  const before = await stackStatus(options);
  const missing = (await areContainers(options, before)) ? await missingTools() : null;
  if (missing !== null) throw new Error(missing);
  startedHere = Object.values(before.services).some(({ state }) => state === 'stopped');
  try {
    // The kept mistakes are tested without a build. Each makes the build stale, and most of the tests that are to
    // notice it start no command.
    const built = process.env['TEST_BUILD'] === 'no' ? Promise.resolve() : buildIfStale();
    const up = stackUp({
      ...options,
      onProgress: ({ service, message }) => process.stderr.write(`stack: ${service} ${message}\n`),
    });
    // The build and the servers' start run side by side. A failure is reported when both have ended.
    await Promise.allSettled([built, up]);
    await built;
    await prepareRun(await up);
  } catch (error) {
    if (startedHere) await stackDown(options);
    throw error;
  }
}

async function prepareRun(endpoints: Endpoints): Promise<void> {
  // Tests get the addresses the way a deployment does.
  process.env['TEMPORAL_ADDRESS'] = endpoints.temporal.address;
  process.env['DATABASE_URL'] = endpoints.postgres.url;
  process.env['KAFKA_BOOTSTRAP_SERVERS'] = endpoints.kafka.brokers.join(',');
  beginRun();
  // The template and the bundle are made once here, not at the same time in each process that tests.
  await makeTemplate();
  await workflowBundle(createLogger('silent'));
  beginReport();
}

/** Lists the sockets, servers and child processes that would keep a process of ours from ending. */
function open(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => ['TCPSocketWrap', 'TCPServerWrap', 'ProcessWrap'].includes(kind))
    .sort();
}

/** Returns what is open now and was not before. Some of `before` may have been closed meanwhile. */
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
   * Reports the file, and checks that it has left nothing open. A process tests several files, and is ended after the
   * last, so only this hook can find that.
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
