/**
 * The intake is a member of a consumer group that reads INTENT_EMITTED and gives every partition a partition worker. An
 * offset is committed when Temporal has acknowledged the messages before it, never earlier (ADR 0009).
 */
import type { EachBatchPayload, Kafka } from 'kafkajs';
import pLimit from 'p-limit';
import pTimeout from 'p-timeout';
import { isRefusedRight } from '../domain/failures/failure-table.js';
import { STALL_MS } from '../domain/time-outs.js';
import { isUnknownCoordinator, toEffectError } from '../kafka/failures.js';
import type { RefusedLogins } from '../flow-control/refused-logins.js';
import { GroupMember } from './group-member.js';
import { type PartitionContext, PartitionWorker } from './partition-worker.js';
import { rawOf } from './raw-message.js';

export interface IntakeOptions extends Omit<PartitionContext, 'slots'> {
  readonly isRefused: RefusedLogins;
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topic: string;
  /** The most slices of all partitions that run at once. */
  readonly maxSlices: number;
  /** Milliseconds without a sign of life after which the consumer is built anew; default 90,000. */
  readonly stallMs?: number;
}

const REBUILD_MS = 1_000;
const REFUSED_MS = 5_000;

/** Bytes that a partition worker buffers before its partition is paused: the slice after the one that runs. */
const PARTITION_BYTES = 1_000_000;
/** Bytes that all partition workers buffer together, since there may be a thousand partitions. */
const ALL_BYTES = 64_000_000;

export class Intake {
  readonly #options: IntakeOptions;
  readonly #context: PartitionContext;
  readonly #workers = new Map<number, PartitionWorker>();
  /** Partition workers of a topic that is gone; they finish what they have buffered. */
  readonly #retired = new Set<PartitionWorker>();
  /** By partition: the offset behind its last message (`high`), and the offset that was read last (`last`). */
  readonly #ends = new Map<number, { high: bigint; last: bigint }>();
  readonly #watchdog: NodeJS.Timeout;
  #member: GroupMember | undefined;
  /** This promise resolves when the member before has left the group. */
  #left: Promise<void> | undefined;
  #stopped = false;

  /** Joins the group at once. */
  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#context = { ...options, slots: pLimit(options.maxSlices) };
    options.metrics.watch({
      lag: () => new Map([...this.#workers.keys()].map((partition) => [partition, this.#lagOf(partition)])),
      paused: () => [...this.#workers.values()].filter(({ waiting }) => waiting).length,
      inFlight: () => [...this.#workers.values()].filter(({ running }) => running).length,
    });
    const { stallMs = STALL_MS } = options;
    this.#watchdog = setInterval(() => this.#checkLife(stallMs), Math.min(5_000, stallMs / 4));
    this.#begin();
  }

  /** Returns whether the intake is a member of the group now. */
  check(): { readonly ok: boolean; readonly detail: string } {
    const joined = this.#member !== undefined && this.#member.memberId !== '';
    return { ok: joined, detail: joined ? `${this.#workers.size} partitions` : 'not in the group' };
  }

  /** Takes nothing new, and gives the running slices `graceMs` milliseconds to end. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#watchdog);
    const ended = Promise.all([...this.#workers.values(), ...this.#retired].map((worker) => worker.stop()));
    await pTimeout(ended, { milliseconds: Math.max(1, graceMs), message: false });
    await Promise.all([this.#left, this.#member?.leave()]);
  }

  #begin(): void {
    if (this.#stopped) return;
    const { kafka, groupId, topic } = this.#options;
    const member: GroupMember = new GroupMember(kafka, groupId, topic, {
      joined: (partitions, memberId) => this.#joined(member, partitions, memberId),
      failed: (error) => this.#rebuild(member, error),
    });
    this.#member = member;
    // eslint-disable-next-line @typescript-eslint/require-await -- kafkajs wants a promise
    member.start(async (payload) => this.#receive(member, payload));
  }

  #joined(member: GroupMember, partitions: readonly number[], memberId: string): void {
    if (this.#member !== member) return;
    // Under a new member id, others may have had the partitions: buffered messages are dropped, and read again.
    const kept = member.memberId === memberId ? new Set(partitions) : new Set<number>();
    member.memberId = memberId;
    for (const [partition, worker] of this.#workers) {
      if (kept.has(partition)) {
        worker.rejoined();
        continue;
      }
      worker.abandon();
      this.#workers.delete(partition);
      this.#ends.delete(partition);
    }
    for (const partition of partitions) {
      if (!this.#workers.has(partition)) this.#workers.set(partition, this.#workerOf(member, partition));
    }
    // kafkajs keeps partitions paused across a rebalance.
    this.#resumeWithRoom(member);
    this.#options.logger.info({ topic: this.#options.topic, partitions }, 'intake: partitions assigned');
  }

  #receive(member: GroupMember, payload: EachBatchPayload): void {
    const { batch } = payload;
    const { partition } = batch;
    // The partition is paused, or the same messages would be fetched again and again until the old member has left.
    if (this.#member !== member) return void payload.pause();
    let worker = this.#workers.get(partition);
    // These messages were read before a rebalance took the partition from this member.
    if (worker === undefined) return;
    const messages = batch.messages.map((message) => rawOf(this.#options.topic, partition, message));
    if (worker.isOther(messages)) {
      this.#retire(worker, partition);
      worker = this.#workerOf(member, partition);
      this.#workers.set(partition, worker);
    }
    // The offset is not resolved: the batch is fetched again when there is room, or by the next consumer.
    if (this.#stopped || !this.#hasRoom(worker)) return void payload.pause();
    worker.offer(messages);
    this.#ends.set(partition, { high: BigInt(batch.highWatermark), last: BigInt(batch.lastOffset()) });
    // The resolved offset only says where to fetch next; the committed one follows Temporal's acknowledgement.
    payload.resolveOffset(batch.lastOffset());
    if (!this.#hasRoom(worker)) payload.pause();
  }

  /** Retires the worker of a topic that is gone: it commits nothing any more, and finishes what it has buffered. */
  #retire(worker: PartitionWorker, partition: number): void {
    this.#options.logger.warn(
      { topic: this.#options.topic, partition },
      'intake: the topic was created again, or the offset of the group was set back',
    );
    worker.disown();
    for (const old of this.#retired) if (old.buffered === 0 && !old.running) this.#retired.delete(old);
    this.#retired.add(worker);
  }

  #workerOf(member: GroupMember, partition: number): PartitionWorker {
    const { topic } = this.#options;
    return new PartitionWorker(`${topic}/${partition}`, this.#context, {
      commit: async (offset) => {
        if (this.#member !== member) throw new Error('the consumer was built anew');
        await member.consumer.commitOffsets([{ topic, partition, offset }]);
      },
      roomAgain: () => this.#resumeWithRoom(member),
    });
  }

  #resumeWithRoom(member: GroupMember): void {
    if (this.#member !== member || this.#stopped) return;
    const paused = new Set(member.consumer.paused().flatMap(({ partitions }) => partitions));
    const partitions = [...this.#workers]
      .filter(([partition, worker]) => paused.has(partition) && this.#hasRoom(worker))
      .map(([partition]) => partition);
    if (partitions.length > 0) member.consumer.resume([{ topic: this.#options.topic, partitions }]);
  }

  #hasRoom(worker: PartitionWorker): boolean {
    const all = [...this.#workers.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    return worker.bytes < PARTITION_BYTES && all < ALL_BYTES;
  }

  #lagOf(partition: number): number {
    const end = this.#ends.get(partition);
    const unread = end === undefined ? 0n : end.high - end.last - 1n;
    return (this.#workers.get(partition)?.buffered ?? 0) + Number(unread);
  }

  #checkLife(stallMs: number): void {
    if (this.#member !== undefined && Date.now() - this.#member.aliveAt > stallMs) {
      this.#rebuild(this.#member, new Error(`no sign of life for ${stallMs} ms`));
    }
  }

  #rebuild(member: GroupMember, error: unknown): void {
    if (this.#member !== member || this.#stopped) return;
    const waitMs = this.#reportFailure(error);
    this.#options.metrics.rebuilt();
    this.#left = member.leave();
    this.#member = undefined;
    for (const worker of this.#workers.values()) worker.abandon();
    this.#workers.clear();
    void this.#left.then(() => setTimeout(() => this.#begin(), waitMs));
  }

  /** Logs why the member cannot go on. @returns the milliseconds until another one is built. */
  #reportFailure(error: unknown): number {
    const { groupId, topic, logger, isRefused } = this.#options;
    const failure = toEffectError(error, { operation: 'Read', topics: [topic], group: groupId });
    // A person has to help, so that it is tried, and logged, less often.
    if (isRefused('kafka', failure)) return REFUSED_MS;
    if (isRefusedRight(error) || isUnknownCoordinator(error)) {
      logger.error({ retry_ms: REFUSED_MS }, `intake: ${failure.message}`);
      return REFUSED_MS;
    }
    logger.warn({ err: error, retry_ms: REBUILD_MS }, 'intake: the consumer is built anew');
    return REBUILD_MS;
  }
}
