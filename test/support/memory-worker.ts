/** A memory worker runs the real workflows and activities on the real Temporal server, over stores in memory. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { AnyEffect } from '../../activities/effects/effect.js';
import { OutageBudget } from '../../activities/attempts/outage-budget.js';
import { type Activities, builtinEffects, createActivities } from '../../activities/index.js';
import { quoted } from '../../src/temporal/visibility.js';
import type { SliceList } from '../../src/domain/intake/list.js';
import { loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import { workflowBundle } from '../../src/temporal/bundle.js';
import { createEndedExecutions } from '../../src/temporal/ended-executions.js';
import { setupTemporal } from '../../src/temporal/setup.js';
import { installRuntime } from '../../src/worker/runtime.js';
import { until } from '../../src/flow-control/until.js';
import { readHistories, replayRun } from './replay.js';
import { type MemoryPorts, memoryPorts } from './memory-ports.js';

export interface MemoryWorker {
  /** Stores of the test that runs; `reset` empties them. */
  readonly memory: MemoryPorts;
  /** Replacements of activities until `reset`, by name. Each gets the activity that it replaces. */
  readonly instead: Map<string, Replacement>;
  reset(): void;
  /** Returns the inputs that an activity was called with since `reset`. */
  inputsOf(name: string): readonly unknown[];
  start(workflow: string, args: readonly unknown[], workflowId?: string): Promise<Execution>;
  /**
   * Cancels an execution, and waits until its running activity is asked to cancel.
   * @param of the workflow id of the child that the activity belongs to; default: the execution itself.
   */
  cancel(execution: Execution, of?: string): Promise<void>;
  /** Returns the seconds of the timers that an execution has set. */
  timersOf(execution: Execution): Promise<number[]>;
  /**
   * Returns how often an activity of an execution is attempted at most, each time it was scheduled. Here 0 means: for
   * as long as it takes.
   */
  attemptsOf(execution: Execution, activity: string): Promise<number[]>;
  execute<R>(workflow: string, ...args: readonly unknown[]): Promise<R>;
  /** Closes the worker, and replays what has run. */
  close(): Promise<void>;
}

type Replacement = (input: never, real: (input: never) => Promise<unknown>) => unknown;

export type Execution = Awaited<ReturnType<Client['workflow']['start']>>;

/**
 * Makes a memory worker for the `describe` that calls this. It is emptied before each test, and closed after the last.
 * @param effects intent types beside the registry's.
 */
export function useMemoryWorker(effects: readonly AnyEffect[] = []): { readonly worker: MemoryWorker } {
  let worker: MemoryWorker;
  before(async () => {
    worker = await createMemoryWorker(effects);
  });
  after(() => worker.close());
  beforeEach(() => {
    worker.reset();
  });
  return {
    get worker() {
      return worker;
    },
  };
}

async function createMemoryWorker(effects: readonly AnyEffect[] = []): Promise<MemoryWorker> {
  const config = loadConfig();
  const address = config.TEMPORAL_ADDRESS ?? '';
  const namespace = config.TEMPORAL_NAMESPACE;
  const taskQueue = `memory-${randomUUID().slice(0, 8)}`;
  await setupTemporal({ address, namespace, ui: null }, { taskQueue, ...NO_SCHEDULES });
  await installRuntime(createLogger('silent'));
  const connection = await NativeConnection.connect({ address });
  // A history that goes on in another run is larger than the 4 MB that gRPC takes by default.
  const reading = await Connection.connect({ address, channelArgs: { 'grpc.max_receive_message_length': -1 } });
  const temporal = new Client({ connection: reading, namespace });
  const endedExecutions = createEndedExecutions(temporal, taskQueue);
  const all = [...builtinEffects, ...effects];

  const open = () => {
    const memory = memoryPorts({ endedExecutions });
    const options = {
      instruments: { ended: () => undefined, conflicted: () => undefined },
      budget: new OutageBudget(),
    };
    return { memory, activities: createActivities(memory.ports, options, all) };
  };
  let current = open();
  const instead: MemoryWorker['instead'] = new Map();
  const inputs: { readonly name: string; readonly input: unknown }[] = [];
  const activities: Activities = Object.fromEntries(
    Object.keys(current.activities).map((name) => [
      name,
      (input: never) => {
        inputs.push({ name, input });
        const real = current.activities[name]!;
        return Promise.resolve().then(() => instead.get(name)?.(input, real) ?? real(input));
      },
    ]),
  );
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: { codePath: await workflowBundle(createLogger('silent')) },
    activities,
  });
  const stopped = worker.run();

  const start: MemoryWorker['start'] = (workflow, args, workflowId = `memory-${randomUUID()}`) =>
    temporal.workflow.start(workflow, { args: [...args], taskQueue, workflowId });
  const eventsOf = async ({ workflowId }: Pick<Execution, 'workflowId'>) =>
    (await temporal.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
  return {
    inputsOf: (name) => inputs.flatMap((call) => (call.name === name ? [call.input] : [])),
    async cancel(execution, workflowId = execution.workflowId) {
      await execution.cancel();
      await until(20_000, async () => {
        const told = (await eventsOf({ workflowId })).some(
          ({ activityTaskCancelRequestedEventAttributes: told }) => told != null,
        );
        assert.ok(told, 'the activity was not told');
      });
    },
    timersOf: async (execution) =>
      (await eventsOf(execution)).flatMap(({ timerStartedEventAttributes: of }) =>
        of == null ? [] : [Number(of.startToFireTimeout?.seconds)],
      ),
    attemptsOf: async (execution, activity) =>
      (await eventsOf(execution)).flatMap(({ activityTaskScheduledEventAttributes: of }) =>
        of?.activityType?.name === activity ? [of.retryPolicy?.maximumAttempts ?? 0] : [],
      ),
    get memory() {
      return current.memory;
    },
    instead,
    reset() {
      current = open();
      instead.clear();
      inputs.splice(0);
    },
    start,
    execute: async <R>(workflow: string, ...args: readonly unknown[]): Promise<R> =>
      (await (await start(workflow, args)).result()) as R,
    async close() {
      worker.shutdown();
      await stopped;
      await connection.close();
      const executions = [];
      for await (const one of temporal.workflow.list({ query: `TaskQueue = ${quoted(taskQueue)}` }))
        executions.push(one);
      const replayed = await replayRun(await readHistories(temporal, executions));
      await reading.close();
      assert.ok(replayed > 0, 'executions were started and none was replayed');
    },
  };
}

const NO_SCHEDULES = {
  redriveSeconds: 0,
  retentionDays: 0,
  fsmRetentionDays: 0,
  sweepSeconds: 0,
  recoverySeconds: 0,
  recoveryPaused: false,
};

export const listOf = (...intents: unknown[]): SliceList => ({
  event_id: randomUUID(),
  correlation_id: null,
  intents,
});
