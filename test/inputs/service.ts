/** This module runs the service on real servers, with its intake, and sends bytes to it on both paths. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Producer } from 'kafkajs';
import { type IntentsReport, StoreEffectClient } from '../../src/client/index.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { until } from '../../src/flow-control/until.js';
import { createLogger } from '../../src/log.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { bridgeHere } from '../support/bridge-here.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import type { Exceptions } from '../invariants/index.js';
import { readRecords } from '../support/records.js';
import { rejectionOf } from '../support/rejected.js';
import { kafkaOf } from '../support/kafka-of.js';

export class Service {
  environment!: Environment;
  client!: StoreEffectClient;
  #directory!: string;
  #producer!: Producer;
  #worker!: RunningWorker;

  async open(except: Exceptions): Promise<void> {
    this.environment = await createEnvironment({ worker: false, except });
    const { config, workerEndpoints: endpoints } = this.environment;
    const logger = createLogger(config.LOG_LEVEL);
    this.#worker = await startWorker({ config, logger, endpoints, intake: true });
    const { brokers } = endpoints.kafka;
    const { address, namespace } = endpoints.temporal;
    const kafka = { brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX };
    this.client = await StoreEffectClient.connect({ address, namespace, taskQueue: config.TEMPORAL_TASK_QUEUE, kafka });
    this.#producer = kafkaOf({ brokers }).producer();
    await this.#producer.connect();
    this.#directory = await mkdtemp(join(tmpdir(), 'bridge-inputs-'));
  }

  async close(): Promise<void> {
    await rm(this.#directory, { recursive: true });
    await Promise.all([this.#producer.disconnect(), this.client.close()]);
    await this.#worker.shutdown();
    await this.environment.close();
  }

  /** Runs a command of `bridge` on a file of these bytes. */
  async bridge(command: 'execute' | 'emit', bytes: string | Uint8Array, ...options: readonly string[]) {
    const file = join(this.#directory, 'list');
    await writeFile(file, bytes);
    return bridgeHere([command, file, ...options], this.environment.env);
  }

  /** Executes a file and returns its reports. */
  async execute(bytes: string | Uint8Array): Promise<IntentsReport[]> {
    const run = await this.bridge('execute', bytes, '--json');
    assert.ok(run.code < 2, run.stderr);
    return run.json() as IntentsReport[];
  }

  get #topic(): string {
    return topicOf(this.environment.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
  }

  /** Puts bytes on the topic of the intake, in one partition. */
  async produce(...values: readonly Uint8Array[]): Promise<void> {
    const messages = values.map((value) => ({ partition: 0, value: Buffer.from(value) }));
    await this.#producer.send({ topic: this.#topic, messages });
  }

  verdict(eventId: string) {
    return this.client.awaitResult(eventId, { timeoutMs: 40_000 });
  }

  /** Waits for the copy of a message on the `.dlq` topic, and returns its reason. */
  reasonFor(value: Uint8Array): Promise<string> {
    return until(40_000, async () => {
      const copies = await readRecords(this.environment.endpoints.kafka, [`${this.#topic}.dlq`]);
      const copy = copies.find(({ raw }) => raw.value?.equals(value));
      assert.ok(copy !== undefined, 'there is no copy');
      return rejectionOf(copy.raw.headers).reason ?? '';
    });
  }

  /** Returns the payloads of the heartbeats of a correlation id. */
  async heartbeats(correlationId: string): Promise<Readonly<Record<string, unknown>>[]> {
    const events = await readEvents(this.environment, ['NODE_HEARTBEAT']);
    return events.flatMap(({ envelope }) => (envelope.correlation_id === correlationId ? [envelope.payload] : []));
  }

  async rows(sql: string, ...values: readonly unknown[]): Promise<Record<string, unknown>[]> {
    return (await this.environment.pool.query<Record<string, unknown>>(sql, [...values])).rows;
  }
}

/** Opens a service for the `describe` that calls this, and closes it after its last test. */
export function useService(except: Exceptions = {}): Service {
  const service = new Service();
  before(() => service.open(except));
  after(() => service.close());
  return service;
}

/** Returns what became of the intents of a report: their reason, or their status. */
export const outcomesOf = ({ results }: Pick<IntentsReport, 'results'>): string[] =>
  results.map(({ status, error }) => error ?? status);
