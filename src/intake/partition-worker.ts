/**
 * A partition worker buffers the messages of one partition, hands them over slice by slice, and commits what Temporal
 * has acknowledged. It runs beside kafkajs's fetch loop, which therefore keeps its heartbeats however long Temporal or
 * a store is unavailable.
 */
import type { LimitFunction } from 'p-limit';
import type { Logger } from 'pino';
import type { RawMessage } from '../domain/dead-letters/rejected-copy.js';
import { BufferedMessage, isSame, sizeOf } from './buffered-message.js';
import { type DriverContext, SliceDriver } from './slice-driver.js';
import { nextSlice, type Slice } from './slicer.js';

export interface PartitionContext extends DriverContext {
  /** The limit of slices of all partitions that run at once. */
  readonly slots: LimitFunction;
}

/** The owner is the consumer of a partition worker: it commits offsets, and fetches more when there is room. */
export interface PartitionOwner {
  /** Commits the next offset to read. @throws when it was not taken; the messages then come again. */
  commit(offset: string): Promise<void>;
  /** Reports that the worker has room again. */
  roomAgain(): void;
}

/** Milliseconds until a worker that failed goes on. */
const RESTART_MS = 250;

export class PartitionWorker {
  readonly #slots: LimitFunction;
  readonly #owner: PartitionOwner;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #driver: SliceDriver;
  #buffer: BufferedMessage[] = [];
  #bytes = 0;
  /** The group's offset or a higher one; at first the offset at which the consumer began to read. */
  #committed: bigint | undefined;
  /**
   * The first message that Temporal has and that is not committed. The group's offset takes a consumer that joins again
   * back to this message.
   */
  #uncommitted: RawMessage | undefined;
  /**
   * The first message that was not committed when the consumer joined again, until messages come as far as it. It may
   * be read again also after a commit that is taken later, so it tells its topic from one that was created again.
   */
  #rejoinedAt: RawMessage | undefined;
  /** The lowest offset that may still come from this topic. */
  #next = 0n;
  #owned = true;
  #working: Promise<void> | undefined;

  /** @param id `{topic}/{partition}`. */
  constructor(id: string, context: PartitionContext, owner: PartitionOwner) {
    this.#slots = context.slots;
    this.#owner = owner;
    this.#log = context.logger.child({ partition: id });
    this.#driver = new SliceDriver(id, context, this.#stopping.signal);
  }

  /** Bytes in the buffer. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages in the buffer: Temporal does not have them yet. */
  get buffered(): number {
    return this.#buffer.length;
  }

  /** Returns whether the worker waits for something that is unavailable. */
  get waiting(): boolean {
    return this.#driver.waiting;
  }

  /** Returns whether the worker has a slice that is started and has not ended. */
  get running(): boolean {
    return this.#driver.running;
  }

  /** Takes messages in the order of the partition; those in the buffer already are passed over. */
  offer(messages: readonly RawMessage[]): void {
    this.#committed ??= BigInt(messages[0]?.offset ?? 0);
    // Messages are compared with the buffer, not with the highest offset read: a topic that was created again begins at
    // 0. A message that Temporal has already is a repeat.
    const known = new Set(this.#buffer.map(({ raw }) => raw.offset));
    for (const message of messages) {
      if (known.has(message.offset)) continue;
      this.#buffer.push(new BufferedMessage(message));
      this.#bytes += sizeOf(message);
    }
    this.#next = BigInt(messages.at(-1)?.offset ?? this.#next - 1n) + 1n;
    if (messages.some((message) => !isBefore(message, this.#rejoinedAt))) this.#rejoinedAt = undefined;
    this.#start();
  }

  /** Returns whether messages come from a topic that was created again: its offsets repeat, its messages do not. */
  isOther(messages: readonly RawMessage[]): boolean {
    const known = new Map(this.#buffer.map(({ raw }) => [raw.offset, raw]));
    if (this.#rejoinedAt !== undefined) known.set(this.#rejoinedAt.offset, this.#rejoinedAt);
    const differs = messages.some((message) => {
      const before = known.get(message.offset);
      return before !== undefined && !isSame(before, message);
    });
    return differs || (!this.#mayBeReadAgain(messages) && messages.some(({ offset }) => BigInt(offset) < this.#next));
  }

  /**
   * Returns whether messages may come for the second time, as far as the first one that was not committed. A late
   * commit of another member may have set the group's offset back. Then repeats stand before that message, perhaps in
   * batches of their own. Repeats are no younger than it, and the messages of a topic that was created again are.
   */
  #mayBeReadAgain(messages: readonly RawMessage[]): boolean {
    const [until, last] = [this.#rejoinedAt, messages.at(-1)];
    if (until === undefined || last === undefined) return false;
    return isBefore(last, until)
      ? last.timestamp <= until.timestamp
      : messages.some(({ offset }) => offset === until.offset);
  }

  /**
   * Expects messages from the group's offset on, which a consumer that has joined again reads. The group's offset is
   * what was committed, or more. It is less only after a late commit of another member.
   */
  rejoined(): void {
    this.#next = this.#committed ?? 0n;
    this.#rejoinedAt = this.#uncommitted ?? this.#buffer[0]?.raw;
  }

  /** Takes no new slice; resolves when the one in hand has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#working;
  }

  /** Finishes its buffer and commits nothing any more, because the topic it was read from is gone. */
  disown(): void {
    this.#owned = false;
  }

  /** Drops its buffer, because another consumer reads the partition again. */
  abandon(): void {
    this.#owned = false;
    this.#buffer = [];
    this.#bytes = 0;
    this.#stopping.abort();
  }

  #start(): void {
    if (this.#working !== undefined || this.#stopping.signal.aborted) return;
    this.#working = this.#work()
      .catch((error: unknown) => this.#log.error({ err: error }, 'the partition stopped'))
      .finally(() => {
        this.#working = undefined;
        if (this.#buffer.length > 0 && !this.#stopping.signal.aborted) setTimeout(() => this.#start(), RESTART_MS);
      });
  }

  async #work(): Promise<void> {
    while (this.#buffer.length > 0 && !this.#stopping.signal.aborted) {
      await this.#slots(async () => {
        if (this.#stopping.signal.aborted) return;
        const slice = nextSlice(this.#buffer);
        if (slice.taken > 0) await this.#execute(slice);
      });
    }
  }

  async #execute(slice: Slice<BufferedMessage>): Promise<void> {
    if (!(await this.#driver.reject(slice.poison))) return;
    let done = false;
    const acknowledged = async (): Promise<void> => {
      if (done) return;
      done = true;
      await this.#release(slice.taken);
    };
    const finished = slice.messages.length === 0 || (await this.#driver.execute(slice.messages, acknowledged));
    if (finished) await acknowledged();
  }

  /** Drops the first messages of the buffer, which Temporal has now, and commits the offset behind them. */
  async #release(count: number): Promise<void> {
    const taken = this.#buffer.slice(0, count);
    // The worker was abandoned while the slice was started.
    if (taken.length === 0) return;
    this.#bytes -= taken.reduce((sum, { raw }) => sum + sizeOf(raw), 0);
    this.#buffer = this.#buffer.slice(count);
    this.#owner.roomAgain();
    await this.#commitBehind(taken.map(({ raw }) => raw));
  }

  async #commitBehind(slice: readonly RawMessage[]): Promise<void> {
    // The highest offset counts: repeats whose commit was refused stand behind newer messages.
    const offset = slice.map((message) => BigInt(message.offset)).reduce((one, other) => (one > other ? one : other));
    const behind = offset + 1n;
    if (!this.#owned || behind <= (this.#committed ?? 0n)) return;
    this.#uncommitted ??= slice[0];
    try {
      await this.#owner.commit(String(behind));
      this.#committed = behind;
      this.#uncommitted = undefined;
    } catch (error) {
      // The cause is a rebalance, most likely. The messages come again, here or elsewhere, and their ids say so; the
      // next commit covers them.
      this.#log.warn({ err: error, offset: String(offset) }, 'the offset was not committed');
    }
  }
}

const isBefore = (one: RawMessage, other: RawMessage | undefined): boolean =>
  other !== undefined && BigInt(one.offset) < BigInt(other.offset);
