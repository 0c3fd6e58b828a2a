/**
 * This module starts Temporal's time-skipping test server, on which hours of waiting take seconds. Maven fetches it
 * into the stack's cache.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import { makeOnce } from '../../src/stack/cache.js';
import { copyJars, dependency } from '../../src/stack/native/maven.js';
import { runCommand } from '../../src/stack/process/run.js';
import { INDEXED } from '../../src/temporal/setup.js';
import { searchAttributeKeys } from '../../src/domain/execution/search-attributes.js';
import { installRuntime } from '../../src/worker/runtime.js';
import { until } from '../../src/flow-control/until.js';
import { readHistories, replayRun } from './replay.js';

const VERSION = '1.31.0';
/** Milliseconds for the server to start, in as many attempts as it takes. */
const START_MS = 120_000;
const START = `#!/bin/sh
exec java -cp "$(dirname "$0")/libs/*" io.temporal.testserver.TestServer "$1"
`;

/** @returns the program that starts it. */
async function fetchTestServer(cacheDir: string): Promise<string> {
  const folder = await makeOnce(join(cacheDir, `temporal-test-server-${VERSION}`), async (directory) => {
    const failure = await copyJars(runCommand, directory, [dependency('io.temporal', 'temporal-test-server', VERSION)]);
    if (failure !== null) throw new Error(`Maven could not fetch Temporal's test server:\n${failure}`);
    const start = join(directory, 'start');
    await writeFile(start, START);
    await chmod(start, 0o755);
  });
  return join(folder, 'start');
}

export interface TimeSkipping {
  readonly environment: TestWorkflowEnvironment;
  /** Returns the milliseconds since the epoch by the server's clock. */
  now(): Promise<number>;
  /**
   * Lets the server's clock run on while tasks wait that no worker takes. The server locks its clock for each of them
   * (`lockTimer` in its TestWorkflowMutableStateImpl), so as many locks are given up meanwhile.
   * @param queued the number of tasks that wait.
   */
  passWith(queued: number, duration: '20 minutes'): Promise<void>;
  /** Starts a workflow under an id of its own. */
  start(workflow: string, taskQueue: string, input: unknown): Promise<WorkflowHandle>;
  /** Replays what was started, then ends the server. @throws as `replayRun`. */
  close(): Promise<void>;
}

export async function createTimeSkipping(): Promise<TimeSkipping> {
  // This runtime comes before the environment, which would install one of its own.
  await installRuntime(createLogger('silent'));
  const path = await fetchTestServer(loadConfig().BRIDGE_CACHE_DIR);
  // The SDK ends a server that does not answer within 5 s. Java may take longer to start on a busy machine.
  const environment = await until(START_MS, () =>
    TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } }),
  );
  const { connection } = environment;
  const { testService } = connection;
  // The executions are kept here, because the server cannot list them.
  const executions: WorkflowHandle[] = [];
  if (testService === undefined) throw new Error('the server has no time to skip');
  await connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(searchAttributeKeys.map(({ name, type }) => [name, INDEXED[type]])),
  });
  return {
    environment,
    now: () => environment.currentTimeMs(),
    async passWith(queued, duration) {
      for (let task = 0; task < queued; task += 1) await testService.unlockTimeSkipping({});
      await environment.sleep(duration);
      for (let task = 0; task < queued; task += 1) await testService.lockTimeSkipping({});
    },
    async start(workflow, taskQueue, input) {
      const args = [input];
      const execution = await environment.client.workflow.start(workflow, {
        args,
        taskQueue,
        workflowId: randomUUID(),
      });
      executions.push(execution);
      return execution;
    },
    async close() {
      try {
        const replayed = await replayRun(await readHistories(environment.client, executions));
        assert.ok(replayed > 0, 'nothing was replayed');
      } finally {
        await environment.teardown();
      }
    },
  };
}
