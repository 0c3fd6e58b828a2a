/**
 * One partition: holds what was fetched, hands it over slice after slice, and commits what Temporal has acknowledged. It
 * works beside kafkajs's fetch loop, which therefore keeps its heartbeats however long Temporal or a store is away.
 */
import type { LimitFunction } from 'p-limit';
import type { RawMessage } from '../domain/dead-letters/poison-copy.js';
import { Held, isSame, sizeOf } from './lane-message.js';
import { type CarrierContext, createSliceCarrier } from './slice-carrier.js';
import { nextSlice } from './slicer.js';

export interface LaneContext extends CarrierContext {
  /** Bounds the running slices of all partitions. */
  readonly slots: LimitFunction;
}

export interface Lane {
  /** Bytes held. */
  readonly bytes: number;
  /** Messages held that are not handed over yet. */
  readonly held: number;
  /** Waits for something that is away. */
  readonly waiting: boolean;
  readonly running: boolean;
  /** Takes messages in the order of the partition; those it holds already are passed over. */
  offer(messages: readonly RawMessage[]): void;
  /** Takes no new slice; resolves when the one in hand has ended. */
  stop(): Promise<void>;
  /** The consumer has joined again and reads from the group's offset, which is what the lane has committed or more. */
  rejoined(): void;
  /** Whether these come from a topic that was deleted and created again: its offsets repeat, its messages do not. */
  isOther(messages: readonly RawMessage[]): boolean;
  /** Finishes what it holds and commits nothing any more: the topic it was read from is gone. */
  disown(): void;
  /** Drops what it holds: the partition is somebody else's, who reads it again. */
  abandon(): void;
}

/** Milliseconds until a lane that failed goes on. */
const RESTART_MS = 250;

/**
 * @param id `{topic}/{partition}`.
 * @param commit of the next offset to read. @throws when it was not taken; the messages then come again.
 * @param wants called when the lane has room again.
 */
export function createLane(
  id: string,
  context: LaneContext,
  commit: (offset: string) => Promise<void>,
  wants: () => void,
): Lane {
  const { slots, logger } = context;
  const log = logger.child({ partition: id });
  const stopping = new AbortController();
  const carrier = createSliceCarrier(id, context, stopping.signal);
  let held: Held[] = [];
  let bytes = 0;
  /** The group's offset, or more: first where the consumer began to read. */
  let committed: bigint | undefined;
  /** The first message that is handed over and not committed: where the group's offset takes the consumer when it joins again. */
  let uncommitted: RawMessage | undefined;
  /** Lowest offset that may still come of this topic. */
  let next = 0n;
  let owned = true;
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    while (held.length > 0 && !stopping.signal.aborted) {
      await slots(async () => {
        if (stopping.signal.aborted) return;
        const slice = nextSlice(held);
        if (slice.taken === 0) return;
        if (!(await carrier.bury(slice.poison))) return;
        let done = false;
        const acknowledged = async (): Promise<void> => {
          if (done) return;
          done = true;
          const taken = held.slice(0, slice.taken);
          // The lane was abandoned while the slice was started.
          if (taken.length === 0) return;
          bytes -= taken.reduce((sum, { raw }) => sum + sizeOf(raw), 0);
          held = held.slice(slice.taken);
          wants();
          await commitBehind(taken.map(({ raw }) => raw));
        };
        const finished = slice.messages.length === 0 || (await carrier.carry(slice.messages, acknowledged));
        if (finished) await acknowledged();
      });
    }
  }

  async function commitBehind(slice: readonly RawMessage[]): Promise<void> {
    // The highest: repeats of what a commit was refused for stand behind newer ones.
    const offset = slice.map((message) => BigInt(message.offset)).reduce((one, other) => (one > other ? one : other));
    const behind = offset + 1n;
    if (!owned || behind <= (committed ?? 0n)) return;
    uncommitted ??= slice[0];
    try {
      await commit(String(behind));
      committed = behind;
      uncommitted = undefined;
    } catch (error) {
      // A rebalance, most likely: they come again, here or elsewhere, and their ids say so. The next commit covers them.
      log.warn({ err: error, offset: String(offset) }, 'the offset was not committed');
    }
  }

  function start(): void {
    if (working !== undefined || stopping.signal.aborted) return;
    working = work()
      .catch((error: unknown) => log.error({ err: error }, 'the partition stopped'))
      .finally(() => {
        working = undefined;
        if (held.length > 0 && !stopping.signal.aborted) setTimeout(start, RESTART_MS);
      });
  }

  return {
    get bytes() {
      return bytes;
    },
    get held() {
      return held.length;
    },
    get waiting() {
      return carrier.waiting;
    },
    get running() {
      return carrier.running;
    },
    offer(messages) {
      committed ??= BigInt(messages[0]?.offset ?? 0);
      // By what is held, not by how far it has read: a topic that was created again begins at 0. What was handed over before is a repeat.
      const known = new Set(held.map(({ raw }) => raw.offset));
      for (const message of messages) {
        if (known.has(message.offset)) continue;
        held.push(new Held(message));
        bytes += sizeOf(message);
      }
      next = BigInt(messages.at(-1)?.offset ?? next - 1n) + 1n;
      start();
    },
    rejoined() {
      next = committed ?? 0n;
    },
    async stop() {
      stopping.abort();
      await working;
    },
    isOther(messages) {
      const known = new Map(held.map(({ raw }) => [raw.offset, raw]));
      if (uncommitted !== undefined) known.set(uncommitted.offset, uncommitted);
      return messages.some((message) => {
        const before = known.get(message.offset);
        return BigInt(message.offset) < next || (before !== undefined && !isSame(before, message));
      });
    },
    disown() {
      owned = false;
    },
    abandon() {
      owned = false;
      held = [];
      bytes = 0;
      stopping.abort();
    },
  };
}
