/**
 * This module starts a worker that executes recoveries alone. Its pages are small enough for several of them in a test.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { OutageBudget } from '../../activities/attempts/outage-budget.js';
import { recoveryActivities } from '../../activities/maintenance/emit-fsm-states.js';
import type { RecoveryActivities } from '../../src/domain/recovery/recovery.js';
import { createLogger } from '../../src/log.js';
import { workflowBundle } from '../../src/temporal/bundle.js';
import { createEndedExecutions } from '../../src/temporal/ended-executions.js';
import { createParkedRuns } from '../../src/temporal/parked-runs.js';
import { createStartedLists } from '../../src/temporal/started-lists.js';
import { openAdapters } from '../../src/worker/compose.js';
import { createMetrics } from '../../src/worker/metrics.js';
import { installRuntime } from '../../src/worker/runtime.js';
import type { Environment } from './environment.js';

export interface RecoveryWorker {
  /** Closes the worker, and returns when it has ended. */
  close(): Promise<void>;
}

/**
 * @param page the number of states in a page, instead of 5,000.
 * @param wrap adds what a test needs around the activities.
 */
export async function startRecoveryWorker(
  { config, endpoints, temporal }: Environment,
  page: number,
  wrap: (real: RecoveryActivities) => RecoveryActivities = (real) => real,
): Promise<RecoveryWorker> {
  const logger = createLogger('silent');
  const taskQueue = config.TEMPORAL_TASK_QUEUE;
  const adapters = openAdapters(config, endpoints, logger, createMetrics());
  await installRuntime(logger);
  const connection = await NativeConnection.connect({ address: endpoints.temporal.address });
  const { fsmStates } = adapters.ports;
  const ports = {
    ...adapters.ports,
    fsmStates: {
      recover: (request: Parameters<typeof fsmStates.recover>[0], maxBytes: number) =>
        fsmStates.recover({ ...request, limit: page }, maxBytes),
    },
    endedExecutions: createEndedExecutions(temporal, taskQueue),
    parkedRuns: createParkedRuns(temporal, taskQueue),
    startedLists: createStartedLists(temporal, taskQueue),
  };
  const worker = await Worker.create({
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    taskQueue,
    workflowBundle: { codePath: await workflowBundle(logger) },
    activities: wrap(recoveryActivities(ports, new OutageBudget())),
  });
  const stopped = worker.run();
  return {
    async close() {
      worker.shutdown();
      await stopped;
      await connection.close();
      await adapters.close();
    },
  };
}
