/**
 * This module runs an intake on real servers, with a topic and so a group of its own for each test. A workflow stands
 * in for the slice.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { defaultPayloadConverter } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Kafka } from 'kafkajs';
import { type Admin, type Producer } from 'kafkajs';
import { Registry } from 'prom-client';
import type { Config } from '../../src/config.js';
import { type RunningIntake, runIntake } from '../../src/intake/run.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { SliceInput } from '../../src/domain/intake/slice.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/flow-control/until.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState } from '../support/intents.js';
import { readRecords } from '../support/records.js';
import { rejectionOf } from '../support/rejected.js';
import { makeTopics } from '../support/topics.js';
import { kafkaOf } from '../support/kafka-of.js';

class LiveIntake {
  environment!: Environment;
  kafka!: Kafka;
  producer!: Producer;
  admin!: Admin;
  config!: Config;
  topic!: string;
  readonly #intakes: RunningIntake[] = [];
  #worker!: Worker;
  #connection!: NativeConnection;
  #ended!: Promise<void>;

  async open(): Promise<void> {
    const standIn = 'a workflow of this file stands in for the slice: it has no verdicts, and is not in the bundle';
    const environment = await createEnvironment({ worker: false, except: { intake: standIn, replay: standIn } });
    this.environment = environment;
    this.kafka = kafkaOf(environment.endpoints.kafka);
    this.producer = this.kafka.producer();
    this.admin = this.kafka.admin();
    await Promise.all([this.producer.connect(), this.admin.connect()]);
    this.#connection = await NativeConnection.connect({ address: environment.endpoints.temporal.address });
    this.#worker = await Worker.create({
      connection: this.#connection,
      namespace: environment.config.TEMPORAL_NAMESPACE,
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowsPath: fileURLToPath(new URL('../support/slice-workflow.ts', import.meta.url)),
    });
    this.#ended = this.#worker.run();
  }

  async makeTopics(): Promise<void> {
    this.config = { ...this.environment.config, KAFKA_TOPIC_PREFIX: `t${randomUUID().slice(0, 8)}` };
    this.topic = topicOf(this.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    await makeTopics(this.admin, [
      { topic: this.topic, numPartitions: 2 },
      { topic: `${this.topic}.dlq`, numPartitions: 1 },
    ]);
  }

  async stopIntakes(): Promise<void> {
    await Promise.all(this.#intakes.splice(0).map((intake) => intake.stop(2_000)));
  }

  async close(): Promise<void> {
    await Promise.all([this.producer.disconnect(), this.admin.disconnect()]);
    this.#worker.shutdown();
    await this.#ended;
    await this.#connection.close();
    await this.environment.close();
  }

  /** The environment of a process that takes part in this test's group. */
  get env(): NodeJS.ProcessEnv {
    return { ...this.environment.env, KAFKA_TOPIC_PREFIX: this.config.KAFKA_TOPIC_PREFIX };
  }

  get groupId(): string {
    return `bridge-store-effect-intake-${this.config.KAFKA_TOPIC_PREFIX}`;
  }

  async start(address = this.environment.endpoints.temporal.address) {
    const { endpoints } = this.environment;
    const registry = new Registry();
    const intake = await runIntake({
      config: this.config,
      endpoints: { ...endpoints, temporal: { ...endpoints.temporal, address } },
      logger: createLogger(process.env['TEST_LOG'] ?? 'silent'),
      registry,
    });
    this.#intakes.push(intake);
    return { intake, metrics: () => registry.metrics() };
  }

  /** Emits `count` lists, and returns their event ids. */
  async emit(partition: number, count: number, payload: Record<string, unknown> = {}): Promise<string[]> {
    const envelopes = Array.from({ length: count }, () => envelope(payload));
    const messages = envelopes.map((event) => ({ partition, value: JSON.stringify(event) }));
    await this.producer.send({ topic: this.topic, messages });
    return envelopes.map(({ event_id }) => event_id);
  }

  /** Returns the event ids that a partition's slices were started with, oldest first. */
  async arrived(partition: number): Promise<string[]> {
    const slices: { at: number; ids: string[] }[] = [];
    const { workflow } = this.environment.temporal;
    const query = `WorkflowId = 'intake/${this.topic}/${partition}'`;
    for await (const { workflowId, runId, startTime } of workflow.list({ query })) {
      const history = await workflow.getHandle(workflowId, runId).fetchHistory();
      const [payload] = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      const { lists } = defaultPayloadConverter.fromPayload<SliceInput>(payload!);
      slices.push({ at: startTime.getTime(), ids: lists.map(({ event_id }) => event_id) });
    }
    return slices.sort((one, other) => one.at - other.at).flatMap(({ ids }) => ids);
  }

  async arrives(partition: number, ids: readonly string[]): Promise<void> {
    await until(40_000, async () => assert.deepEqual(await this.arrived(partition), ids));
  }

  async committed(partition: number): Promise<number> {
    const [offsets] = await this.admin.fetchOffsets({ groupId: this.groupId, topics: [this.topic] });
    return Number(offsets!.partitions.find((entry) => entry.partition === partition)?.offset ?? -1);
  }

  /** Returns the copies on the `.dlq` topic once it has `expect` of them, and what their headers say. */
  async copies(expect: number) {
    const records = await readRecords(this.environment.endpoints.kafka, [`${this.topic}.dlq`], { expect });
    return records.map(({ raw }) => ({ ...raw, rejection: rejectionOf(raw.headers) }));
  }
}

/** Opens a live intake before the tests of a file, and closes it after them. Each test has topics of its own. */
export function useLiveIntake(): LiveIntake {
  const live = new LiveIntake();
  before(() => live.open());
  beforeEach(() => live.makeTopics());
  afterEach(() => live.stopIntakes());
  after(() => live.close());
  return live;
}

export const envelope = (payload: Record<string, unknown> = {}) => ({
  envelope_version: '1.0',
  event_id: randomUUID(),
  event_type: 'INTENT_EMITTED',
  correlation_id: null,
  payload: { intents: [persistState()], ...payload },
});
