/**
 * In this fake Kafka a test plays the group and the broker for a consumer. Rebalances, crashes and topics created again
 * come at moments of its choosing.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { mock } from 'node:test';
import { Registry } from 'prom-client';
import { Intake } from '../../src/intake/intake.js';
import { createIntakeMetrics } from '../../src/intake/metrics.js';
import type { RawMessage } from '../../src/domain/dead-letters/rejected-copy.js';
import { createParts, TOPIC } from './support.js';

type Name = 'FETCH_START' | 'FETCH' | 'HEARTBEAT' | 'GROUP_JOIN' | 'CRASH';

class FakeConsumer {
  readonly events = Object.fromEntries(
    ['FETCH_START', 'FETCH', 'HEARTBEAT', 'GROUP_JOIN', 'CRASH'].map((name) => [name, name]),
  );
  readonly committed: string[] = [];
  readonly pausedPartitions = new Set<number>();
  /** The last offset that was resolved, by partition: kafkajs fetches next behind it. */
  readonly resolved = new Map<number, string>();
  disconnects = 0;
  /** The promise that `run` waits for, as kafkajs waits for the first join. */
  joining: Promise<void> = Promise.resolve();
  leaving: Promise<void> = Promise.resolve();
  readonly #listeners = new Map<string, ((event: { payload: unknown }) => void)[]>();
  #eachBatch: ((payload: EachBatchPayload) => Promise<void>) | undefined;

  on(name: string, listener: (event: { payload: unknown }) => void): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }
  emit(name: Name, payload: unknown = {}): void {
    for (const listener of this.#listeners.get(name) ?? []) listener({ payload });
  }
  connect = (): Promise<void> => Promise.resolve();
  subscribe = (): Promise<void> => Promise.resolve();
  async run({ eachBatch }: { eachBatch: (payload: EachBatchPayload) => Promise<void> }): Promise<void> {
    this.#eachBatch = eachBatch;
    await this.joining;
  }
  paused = () => [{ topic: TOPIC, partitions: [...this.pausedPartitions] }];
  resume([{ partitions = [] } = {}]: { partitions?: number[] }[]): void {
    for (const partition of partitions) this.pausedPartitions.delete(partition);
  }
  commitOffsets(offsets: { partition: number; offset: string }[]): Promise<void> {
    this.committed.push(...offsets.map(({ partition, offset }) => `${partition}:${offset}`));
    return Promise.resolve();
  }
  async disconnect(): Promise<void> {
    this.disconnects += 1;
    await this.leaving;
  }

  join(memberId: string, partitions: readonly number[]): void {
    this.emit('GROUP_JOIN', { memberId, memberAssignment: { [TOPIC]: partitions } });
  }
  /** Delivers what a fetch brought of a partition. @param end offset of the partition's end. */
  async deliver(partition: number, messages: readonly RawMessage[], end?: number): Promise<void> {
    const last = messages.at(-1)!.offset;
    const batch = {
      partition,
      messages: messages.map((message) => ({ ...message, timestamp: String(message.timestamp), headers: {} })),
      highWatermark: String(end ?? Number(last) + 1),
      lastOffset: () => last,
    };
    await this.#eachBatch?.({
      batch,
      pause: () => this.pausedPartitions.add(partition),
      resolveOffset: (offset: string) => this.resolved.set(partition, offset),
    } as unknown as EachBatchPayload);
  }
}

/** @param prepare is called with each consumer before it connects. */
function fakeKafka(prepare: (consumer: FakeConsumer) => void = () => undefined) {
  const consumers: FakeConsumer[] = [];
  const kafka = {
    consumer: () => {
      const consumer = new FakeConsumer();
      prepare(consumer);
      consumers.push(consumer);
      return consumer as unknown as Consumer;
    },
  } as unknown as Kafka;
  return { kafka, consumers };
}

/** Lets more turns of the event loop pass than work needs that waits for nothing. */
export const turns = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
};

/** Returns a function that makes the intakes of a file's tests. They are stopped after each test. */
export function useIntakes() {
  const intakes: Intake[] = [];
  afterEach(async () => {
    mock.timers.reset();
    await Promise.all(intakes.splice(0).map((intake) => intake.stop(0)));
  });

  return async (options: { maxSlices?: number; prepare?: (consumer: FakeConsumer) => void } = {}) => {
    const parts = createParts();
    const registry = new Registry();
    const { kafka, consumers } = fakeKafka(options.prepare);
    const intake = new Intake({
      ...parts.context,
      metrics: createIntakeMetrics(registry),
      kafka,
      topic: TOPIC,
      groupId: 'group',
      isRefused: () => false,
      maxSlices: options.maxSlices ?? 12,
    });
    intakes.push(intake);
    await turns();
    const metric = async (name: string) => {
      const lines = (await registry.metrics()).split('\n');
      return Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length));
    };
    return { ...parts, intake, consumers, first: consumers[0]!, metric };
  };
}
