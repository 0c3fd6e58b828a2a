/** This module has the ways to execute lists that `npm run bench -- peers` compares, each behind the same interface. */
import { randomUUID } from 'node:crypto';
import { StoreEffectClient } from '../../src/client/index.js';
import { endpointsOf } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { forkWorker } from '../processes/child.js';
import { forkPeer } from '../processes/peer.js';
import { directly, LISTS, SLICE } from './direct.js';
import type { Installation } from './installation.js';
import { mixed, MIXED_ROUNDS } from './lists.js';
import { loadFor, type TimedLoad, type TimedLoadOptions } from './load.js';

/** Intents of a list, as in (c) of the execution bench. */
export const SIZE = 20;

/** The rows and messages that a list leaves in the stores. Announcements are messages too. */
export interface Left {
  readonly states: number;
  readonly transitions: number;
  readonly messages: number;
}

export interface Contender {
  readonly label: string;
  /** Processes of callers and workers, this one too where the callers are in it. */
  readonly app: readonly number[];
  /** Processes of a server of its own. */
  readonly engine: readonly number[];
  /** Whether Temporal's server works for it. */
  readonly temporal: boolean;
  readonly left: Left;
  run(load: TimedLoadOptions): Promise<TimedLoad>;
}

/** A `Way` opens a contender, and gives what is to be closed with it. */
type Way = (installation: Installation) => Promise<Contender & { close(): Promise<unknown> }>;

const A_LIST: Left = { states: SIZE / 4, transitions: SIZE / 4, messages: SIZE };
const NOTHING: Left = { states: 0, transitions: 0, messages: 0 };
/** A list of the direct way has half states and half events. */
const A_DIRECT_LIST: Left = { states: SLICE / 2 / LISTS, transitions: 0, messages: SLICE / LISTS };
/** Slices of the direct way: some seconds. */
const DIRECT_SLICES = 60;

export const WAYS: Readonly<Record<string, Way>> = {
  noop: onTemporal('no-op workflow', 'NoopWorkflow', () => MIXED_ROUNDS, NOTHING),
  naive: onTemporal('Temporal, naive', 'NaiveWorkflow', withIds, A_LIST),
  'dbos-steps': peer('DBOS, step an intent', 'dbos-steps'),
  dbos: peer('DBOS, two steps', 'dbos'),
  restate: peer('Restate, two steps', 'restate'),
  graphile: peer('graphile-worker', 'graphile'),
  alone: ours('ours, alone', (client) => async () => {
    const { outcome } = await client.executeIntents(mixed(SIZE), { share: 'never' });
    assertCompleted(outcome);
  }),
  shared: ours('ours, shared', (client) => async () => {
    const { outcome } = await client.executeIntents(mixed(SIZE));
    assertCompleted(outcome);
  }),
  emitted: ours('ours, emitted', (client) => async () => {
    const { eventId } = await client.emitIntents(mixed(SIZE));
    const { outcome } = await client.awaitResult(eventId);
    assertCompleted(outcome);
  }),
  direct: (installation) =>
    Promise.resolve({
      label: 'stores alone',
      app: [process.pid],
      engine: [],
      temporal: false,
      left: A_DIRECT_LIST,
      async run() {
        const perSecond = await directly(installation, DIRECT_SLICES);
        // One slice more is run before the clock starts.
        return { all: (DIRECT_SLICES + 1) * LISTS, callsPerSecond: perSecond / SIZE, p50: NaN, p95: NaN };
      },
      close: () => Promise.resolve(),
    }),
};

function withIds() {
  return mixed(SIZE).map((intent) => ({ ...intent, intent_id: randomUUID() }));
}

function assertCompleted(outcome: string): void {
  if (outcome !== 'completed') throw new Error(`a list ended as ${outcome}`);
}

function onTemporal(label: string, workflow: string, input: () => unknown, left: Left): Way {
  return async (installation) => {
    const { env, temporal, taskQueue } = installation;
    const worker = await forkWorker('baseline', env);
    return {
      label,
      app: [process.pid, worker.pid],
      engine: [],
      temporal: true,
      left,
      run: (load) =>
        loadFor(load, () =>
          temporal.workflow.execute(workflow, {
            args: [input()],
            taskQueue: `${taskQueue}-baseline`,
            workflowId: randomUUID(),
          }),
        ),
      close: () => worker.stop(),
    };
  };
}

function peer(label: string, name: string): Way {
  return async ({ env }) => {
    const child = await forkPeer(name, env);
    return {
      label,
      app: child.app,
      engine: child.engine,
      temporal: false,
      left: A_LIST,
      run: (load) => child.run({ ...load, size: SIZE }),
      close: () => child.stop(),
    };
  };
}

/** One client for all callers, as one process of an orchestrator has it. The worker is one with an intake. */
function ours(label: string, callOf: (client: StoreEffectClient) => () => Promise<void>): Way {
  return async ({ env, taskQueue, worker }) => {
    const config = loadConfig(env);
    const { temporal, kafka } = await endpointsOf(config);
    const client = await StoreEffectClient.connect({
      address: temporal.address,
      namespace: temporal.namespace,
      taskQueue,
      kafka: { brokers: kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX },
    });
    return {
      label,
      app: [process.pid, worker.pid],
      engine: [],
      temporal: true,
      left: A_LIST,
      run: (load) => loadFor(load, callOf(client)),
      close: () => client.close(),
    };
  };
}
