/**
 * This module starts the workers of a file, in one installation of the servers. Each is stopped after its test, and has
 * to give all connections back.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type AnyEffect, defineEffect } from '../../activities/effects/effect.js';
import { builtinEffects } from '../../activities/index.js';
import { StoreEffectClient } from '../../src/client/index.js';
import type { Config } from '../../src/config.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { createLogger } from '../../src/log.js';
import { type RunningWorker, startWorker, type WorkerOptions } from '../../src/worker/run.js';
import type { Exceptions } from '../invariants/index.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { kafkaOf } from '../support/kafka-of.js';

interface Options extends Pick<WorkerOptions, 'intake'> {
  readonly config?: Partial<Config>;
  readonly endpoints?: Partial<WorkerOptions['endpoints']>;
  /** An effect beside those of the registry. */
  readonly effect?: AnyEffect;
}

export function useWorkers(env: NodeJS.ProcessEnv = {}, except: Exceptions = {}) {
  let environment: Environment;
  const workers: RunningWorker[] = [];
  before(async () => {
    environment = await createEnvironment({ worker: false, env, except });
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      await worker.shutdown().catch(() => undefined);
      assert.equal(worker.busyConnections, 0, 'connections that were never released');
    }
  });
  after(() => environment.close());

  return {
    get environment() {
      return environment;
    },
    /**
     * Starts a worker with a task queue of its own. For 10 s the server may hand a task to the poll of a worker that is
     * gone.
     */
    async start({ config, endpoints, effect, ...options }: Options = {}) {
      const queue = `test-${randomUUID()}`;
      const worker = await startWorker({
        config: { ...environment.config, TEMPORAL_TASK_QUEUE: queue, ...config },
        logger: createLogger('silent'),
        ...options,
        endpoints: { ...environment.workerEndpoints, ...endpoints },
        ...(effect === undefined ? {} : { effects: [...builtinEffects, effect] }),
      });
      workers.push(worker);
      environment.taskQueues.push(queue);
      return { worker, queue, client: new StoreEffectClient(environment.temporal, queue) };
    },
  };
}

/** Puts a list on the topic of the intake. @returns its event id. */
export async function emitList({ config, endpoints }: Environment, intents: readonly unknown[]): Promise<string> {
  const producer = kafkaOf(endpoints.kafka).producer();
  await producer.connect();
  const event_id = randomUUID();
  const envelope = { envelope_version: '1.0', event_id, event_type: 'INTENT_EMITTED', payload: { intents } };
  const topic = topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
  await producer.send({ topic, messages: [{ value: JSON.stringify(envelope) }] });
  await producer.disconnect();
  return event_id;
}

export async function get({ httpPort }: Pick<RunningWorker, 'httpPort'>, path: string) {
  const response = await fetch(`http://127.0.0.1:${httpPort}${path}`);
  return { status: response.status, body: await response.text() };
}

/** Returns whether a worker and all its dependencies are well. */
export async function checksOf(worker: Pick<RunningWorker, 'httpPort'>) {
  const { status, body } = await get(worker, '/ready?strict');
  const { checks } = JSON.parse(body) as { checks: Readonly<Record<string, { ok: boolean; detail: string }>> };
  return { status, checks };
}

/** Returns the same effect. @param begun is called in its activity. */
export const watched = (effect: AnyEffect, begun: () => void): AnyEffect =>
  defineEffect(effect.definition, (ports) => {
    const execute = effect.create(ports);
    return (batch) => {
      begun();
      return execute(batch);
    };
  });
