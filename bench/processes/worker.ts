/**
 * This module is a worker, the service's or the baseline's. It has a process of its own, so its memory and CPU are its
 * own.
 */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { endpointsOf } from '../../src/cli/context.js';
import { type Config, loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import { startWorker } from '../../src/worker/run.js';
import { installRuntime } from '../../src/worker/runtime.js';
import { naiveActivities } from './baseline/naive.js';

export interface Usage {
  /** Megabytes of resident memory now. */
  readonly rssMb: number;
  /** Megabytes of resident memory at the peak so far. */
  readonly maxRssMb: number;
  readonly cpuSeconds: number;
}

/** A worker message goes to the parent process. */
export type WorkerMessage = { readonly ready: true } | Usage;

const config = loadConfig();
const stop = await (process.argv[2] === 'baseline'
  ? startBaseline(config)
  : startService(config, process.argv[2] === 'intake'));
process.on('message', (message) => {
  if (message === 'stop') void stop().then(() => process.disconnect());
  else send(usage());
});
// A bench that fails leaves no worker behind.
process.on('disconnect', () => process.exit());
send({ ready: true });

function send(message: WorkerMessage): void {
  process.send?.(message);
}

function usage(): WorkerMessage {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  return {
    rssMb: process.memoryUsage.rss() / 1_048_576,
    maxRssMb: maxRSS / 1_024,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  };
}

async function startService(settings: Config, intake: boolean): Promise<() => Promise<void>> {
  const endpoints = await endpointsOf(settings);
  const worker = await startWorker({ config: settings, endpoints, logger: createLogger('warn'), intake });
  return () => worker.shutdown();
}

async function startBaseline(settings: Config): Promise<() => Promise<void>> {
  await installRuntime(createLogger('warn'));
  const { temporal } = await endpointsOf(settings);
  const naive = await naiveActivities(process.env);
  const connection = await NativeConnection.connect({ address: temporal.address });
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: `${settings.TEMPORAL_TASK_QUEUE}-baseline`,
    workflowsPath: fileURLToPath(new URL('baseline/workflows.ts', import.meta.url)),
    activities: { noop: () => Promise.resolve(), ...naive.activities },
    maxConcurrentActivityTaskExecutions: settings.MAX_CONCURRENT_ACTIVITIES,
    maxCachedWorkflows: settings.MAX_CACHED_WORKFLOWS,
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await Promise.all([connection.close(), naive.close()]);
  };
}
