/** This module runs a worker: it composes everything, serves, and shuts down in order. */
import { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities } from '../../activities/index.js';
import { OutageBudget } from '../../activities/attempts/outage-budget.js';
import type { AnyEffect } from '../../activities/effects/effect.js';
import { FORCE_MS, HEARTBEAT_MS } from '../domain/time-outs.js';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { SliceCache } from '../domain/intake/slice-cache.js';
import { type IntakeParts, type RunningIntake, runIntake } from '../intake/run.js';
import { createEndedExecutions } from '../temporal/ended-executions.js';
import { createParkedRuns } from '../temporal/parked-runs.js';
import { createStartedLists } from '../temporal/started-lists.js';
import { eagerStarts } from '../temporal/versioning/routing.js';
import { workerOptions } from '../temporal/versioning/worker-version.js';
import { dataConverterOf } from '../payloads/data-converter.js';
import { type Adapters, openAdapters } from './compose.js';
import { type Check, type HttpSources, serveHttp } from './http.js';
import { createMetrics, type Metrics } from './metrics.js';
import { installRuntime, type TemporalRuntime } from './runtime.js';
import { connectWorker } from './temporal.js';
import { logVersion, workflowCode, type WorkflowCode } from './versioned.js';
import type { Endpoints } from '../endpoints.js';

export interface RunningWorker {
  /** The port number of /health, /ready and /metrics. */
  readonly httpPort: number;
  /** Connections to PostgreSQL in use; once the worker has stopped, those that were not given back. */
  readonly busyConnections: number;
  /** Resolves when the worker has stopped, rejects when it failed. */
  readonly stopped: Promise<void>;
  /** Stops polling, lets running activities finish within the grace period, then closes everything. */
  shutdown(): Promise<void>;
}

export interface WorkerOptions {
  readonly config: Config;
  readonly endpoints: Endpoints;
  readonly logger: Logger;
  /** Intent types; the registry's by default. */
  readonly effects?: readonly AnyEffect[];
  /** Whether the worker takes INTENT_EMITTED events to Temporal as well; default false. */
  readonly intake?: boolean;
  /** The metrics of the process, which `/metrics` shows too; default: none. */
  readonly registry?: Registry;
}

export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { config, endpoints, logger, effects } = options;
  const metrics = createMetrics(options.registry);
  const sliceCache = new SliceCache();
  const dataConverter = dataConverterOf(config, (err) => logger.warn({ err }, err.message));
  const code = await workflowCode(config, logger, dataConverter.failureConverterPath);
  const adapters = openAdapters(config, endpoints, logger, metrics);
  const cleanup: (() => Promise<void>)[] = [() => adapters.close()];
  try {
    const current: Current = {};
    // The port is opened first, because one that is taken has to be found before there is a worker. A worker that never
    // ran cannot be closed.
    const http = await serveHttp(config, sourcesOf(current, adapters, metrics));
    cleanup.unshift(() => http.close());
    // The runtime is installed after all that may fail before there is a connection. Its threads keep the process until
    // the last connection is closed.
    current.runtime = await installRuntime(logger);
    const temporal = await connectWorker(endpoints.temporal, logger, adapters.isRefused);
    cleanup.unshift(() => temporal.close());
    const { connection } = temporal;
    const client = new Client({ connection, namespace: endpoints.temporal.namespace, dataConverter });
    const worker = await createWorker(config, client, temporal.own, code, adapters, metrics, sliceCache, effects);
    temporal.keep(worker);
    current.worker = worker;
    logger.info({ task_queue: config.TEMPORAL_TASK_QUEUE, port: http.port }, 'worker started');
    if (code.version !== undefined) void logVersion(client, config.TEMPORAL_TASK_QUEUE, code.version, logger);
    for (const [store, { ok, detail }] of Object.entries(await adapters.checks())) {
      if (!ok) logger.warn({ store, detail }, `started without ${store}`);
    }
    // The worker drains first at a shutdown, because its activities still need what is closed after it.
    const stopped = worker
      .run()
      .catch((error: unknown) => {
        current.failure = error;
        if (temporal.refusal !== undefined) throw temporal.refusal;
        throw error;
      })
      .finally(() => closeAll(cleanup, logger));
    if (options.intake === true) {
      // Over the connection of a worker of this process, a start hands that worker its first task at once.
      const eager = eagerStarts(client, config.TEMPORAL_TASK_QUEUE, code.version);
      const refusal = () => temporal.refusal;
      const intake = await intakeBeside(options, client, adapters, metrics, { slices: sliceCache, eager, refusal });
      current.intake = intake;
      // The intake stops also when the worker fails: without a worker it would keep its partitions, and start nothing.
      cleanup.unshift(() => intake.stop(0));
    }
    return {
      httpPort: http.port,
      get busyConnections() {
        return adapters.busyConnections();
      },
      stopped,
      async shutdown() {
        // The intake stops before the worker, which ends its slices. It has half of the grace period, because the
        // activities need the other half.
        await current.intake?.stop(config.SHUTDOWN_GRACE_SECONDS * 500);
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await stopped;
      },
    };
  } catch (error) {
    await closeAll(cleanup, logger);
    throw error;
  }
}

/** The parts of a worker that are there already, and why it failed. */
interface Current {
  runtime?: TemporalRuntime;
  worker?: Worker;
  intake?: RunningIntake;
  failure?: unknown;
}

const sourcesOf = (current: Current, adapters: Adapters, metrics: Metrics): HttpSources => ({
  health: () => ({ ok: current.failure === undefined, detail: `worker ${stateCheck(current.worker).detail}` }),
  ready: async () => ({
    process: { worker: stateCheck(current.worker) },
    dependencies: {
      ...(current.intake === undefined ? {} : { intake: current.intake.check() }),
      ...(await adapters.checks()),
    },
  }),
  metrics: async () => `${await metrics.registry.metrics()}${(await current.runtime?.metrics()) ?? ''}`,
});

/** Starts the intake in a worker's process, where it shares the worker's connections and its cache of slices. */
function intakeBeside(
  { config, endpoints, logger }: WorkerOptions,
  client: Client,
  adapters: Adapters,
  { registry }: Metrics,
  own: Pick<IntakeParts, 'slices' | 'eager' | 'refusal'>,
): Promise<RunningIntake> {
  const { publisher } = adapters.ports;
  const { isRefused } = adapters;
  const mayStart = () => adapters.mayStart();
  const shared = { client, publisher, mayStart, isRefused, ...own };
  return runIntake({ config, endpoints, logger, registry, shared });
}

const createWorker = (
  config: Config,
  client: Client,
  connection: NativeConnection,
  { codePath, version }: WorkflowCode,
  adapters: Adapters,
  metrics: Metrics,
  sliceCache: SliceCache,
  effects: readonly AnyEffect[] | undefined,
): Promise<Worker> => {
  const { TEMPORAL_TASK_QUEUE: taskQueue } = config;
  const ports = {
    ...adapters.ports,
    endedExecutions: createEndedExecutions(client, taskQueue),
    parkedRuns: createParkedRuns(client, taskQueue),
    startedLists: createStartedLists(client, taskQueue),
  };
  return Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue,
    workflowBundle: { codePath },
    ...workerOptions(version),
    dataConverter: client.options.dataConverter,
    activities: createActivities(
      ports,
      { instruments: metrics, budget: new OutageBudget(config.OUTAGE_BUDGET_SECONDS * 1_000), sliceCache },
      effects,
    ),
    maxCachedWorkflows: config.MAX_CACHED_WORKFLOWS,
    maxConcurrentWorkflowTaskExecutions: workflowTasksOf(config.MAX_CACHED_WORKFLOWS),
    maxConcurrentActivityTaskExecutions: config.MAX_CONCURRENT_ACTIVITIES,
    // Every heartbeat is sent. The SDK would send only every fifth of them, after 80 % of the heartbeat time-out: 4 s
    // from being taken for dead.
    maxHeartbeatThrottleInterval: HEARTBEAT_MS,
    // The SDK's default of 0 would kill running activities at every deploy.
    shutdownGraceTime: `${config.SHUTDOWN_GRACE_SECONDS} s`,
    shutdownForceTime: config.SHUTDOWN_GRACE_SECONDS * 1_000 + FORCE_MS,
  });
};

/**
 * Returns how many workflow tasks a worker takes at once: half of what its cache holds, at most 40, the SDK's default.
 * A task that waits in the worker for room in the cache times out after 10 s. In the server's queue it waits for free.
 * With 40 tasks beside no cache, 10 lists took 64 s instead of 1.
 */
const workflowTasksOf = (cached: number): number => Math.min(40, Math.max(1, Math.floor(cached / 2)));

const stateCheck = (worker: Worker | undefined): Check => {
  const state = worker?.getState() ?? 'STARTING';
  return { ok: state === 'RUNNING', detail: state };
};

async function closeAll(cleanup: readonly (() => Promise<void>)[], logger: Logger): Promise<void> {
  for (const close of cleanup) {
    await close().catch((error: unknown) => {
      logger.warn({ err: error }, 'could not close cleanly');
    });
  }
}
