/**
 * One partition: holds what was fetched, hands it over slice after slice, and commits what Temporal has acknowledged. It
 * works beside kafkajs's fetch loop, which therefore keeps its heartbeats however long Temporal or a store is away.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitFunction } from 'p-limit';
import type { Logger } from 'pino';
import { copiesOf, type RawMessage } from '../intents/poison-copy.js';
import type { EventPublisher } from '../intents/ports.js';
import { readEnvelope, type ReadEnvelope } from './envelope-reader.js';
import type { IntakeMetrics } from './metrics.js';
import { isPermanent, type SliceEnd, type SliceRunner } from './slice-runner.js';
import { nextSlice, type Slice } from './slicer.js';

/** Whether the stores take work now. */
export type MayStart = () => { readonly ok: boolean; readonly retryAfterMs: number };

export interface LaneContext {
  readonly runner: SliceRunner;
  readonly publisher: EventPublisher;
  readonly dlqSuffix: string;
  readonly mayStart: MayStart;
  /** Bounds the running slices of all partitions. */
  readonly slots: LimitFunction;
  readonly metrics: IntakeMetrics;
  readonly logger: Logger;
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
  /** Whether these come from a topic that was deleted and created again: its offsets repeat, its messages do not. */
  isOther(messages: readonly RawMessage[]): boolean;
  /** Finishes what it holds and commits nothing any more: the topic it was read from is gone. */
  disown(): void;
  /** Drops what it holds: the partition is somebody else's, who reads it again. */
  abandon(): void;
}

/** Read when it is its slice's turn: what waits here is bytes, which the garbage collector does not walk. */
class Held {
  #read: ReadEnvelope | undefined;

  constructor(readonly raw: RawMessage) {}

  get read(): ReadEnvelope {
    return (this.#read ??= readEnvelope(this.raw.value, this.raw.timestamp));
  }
}

/** Milliseconds between two attempts while something is away: doubled from the first to the longest. */
const FIRST_MS = 250;
const LONGEST_MS = 10_000;

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
  const { runner, publisher, slots, metrics, logger, mayStart } = context;
  const log = logger.child({ partition: id });
  const stopping = new AbortController();
  let held: Held[] = [];
  let bytes = 0;
  let committed = 0n;
  let owned = true;
  let waiting = false;
  let running = false;
  let working: Promise<void> | undefined;

  async function pause(ms: number): Promise<void> {
    waiting = true;
    await sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
    waiting = false;
  }

  /**
   * Until it succeeds. @returns undefined when the lane is stopped first; it is tried once all the same where it is the `last` of
   * what was begun. @throws what `giveUp` says that no repetition helps against.
   */
  async function persist<T>(
    what: string,
    attempt: () => Promise<T>,
    { giveUp = () => false, last = false }: { giveUp?: (error: unknown) => boolean; last?: boolean } = {},
  ) {
    for (let wait = FIRST_MS; ; wait = Math.min(LONGEST_MS, wait * 2)) {
      if (stopping.signal.aborted && !(last && wait === FIRST_MS)) return undefined;
      try {
        return { value: await attempt() };
      } catch (error) {
        if (giveUp(error)) throw error;
        log.warn({ err: error, retry_ms: wait }, `${what}; the partition waits`);
        await pause(wait);
      }
    }
  }

  /** @returns false when the lane was stopped first. */
  async function bury(poison: Slice<Held>['poison']): Promise<boolean> {
    if (poison.length === 0) return true;
    const copies = poison.flatMap(({ message, reason }) => copiesOf(message.raw, reason, context.dlqSuffix));
    const sent = await persist(
      'the .dlq topic cannot be reached',
      async () => {
        for (const outcome of await publisher.publish(copies)) if (!outcome.sent) throw outcome.error;
      },
      { last: true },
    );
    if (sent === undefined) return false;
    metrics.poison(poison.length);
    for (const { message, reason } of poison) {
      log.error({ offset: message.raw.offset, reason }, 'copied to the .dlq topic');
    }
    return true;
  }

  /** @returns true when it started and ended, false when the lane was stopped meanwhile. @throws a permanent refusal. */
  async function run(messages: readonly Held[], acknowledged: () => Promise<void>): Promise<boolean> {
    const lists = messages.flatMap(({ read }) => (read.ok ? [read.list] : []));
    const hash = hashOf(
      id,
      messages.map(({ raw }) => raw),
    );
    for (;;) {
      for (let may = mayStart(); !may.ok && !stopping.signal.aborted; may = mayStart()) {
        // A breaker's probe may be over sooner than the time it has.
        await pause(Math.min(1_000, may.retryAfterMs));
      }
      const started = await persist('the slice could not be started', () => runner.start(id, lists, hash), {
        giveUp: isPermanent,
      });
      if (started === undefined) return false;
      if (started.value === null) {
        await persist('the slice before cannot be waited for', () => runner.ended(id));
        continue;
      }
      const runId = started.value;
      running = true;
      metrics.envelopes(lists.length);
      await acknowledged();
      const end = await persist('the end of the slice cannot be waited for', () => runner.ended(id, runId));
      if (end === undefined) return false;
      await bury(poisonOf(messages, runId, end.value));
      return true;
    }
  }

  /** What is for a person: all of a slice that was ended by force, else the lists that were answered as invalid. */
  function poisonOf(messages: readonly Held[], runId: string, end: SliceEnd): Slice<Held>['poison'] {
    if (end.completed) {
      return end.invalid.flatMap(({ list, reason }) => {
        const message = messages[list];
        return message === undefined ? [] : [{ message, reason }];
      });
    }
    const reason = `slice intake/${id}, run ${runId}: ${end.reason}`.slice(0, 500);
    return messages.map((message) => ({ message, reason }));
  }

  /** As `run`; a refusal is narrowed down to the messages at fault, which are poison. */
  async function runParts(messages: readonly Held[], acknowledged: () => Promise<void>): Promise<boolean> {
    try {
      return await run(messages, acknowledged);
    } catch (error) {
      const [first] = messages;
      if (first === undefined) return true;
      if (messages.length === 1) {
        // Refused without lists too? Then the server is at fault, and the message waits for it.
        if (!(await acceptsEmpty())) {
          await pause(LONGEST_MS);
          return stopping.signal.aborted ? false : runParts(messages, acknowledged);
        }
        const reason = `Temporal refused it: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500);
        return bury([{ message: first, reason }]);
      }
      const middle = Math.ceil(messages.length / 2);
      // Only the last part's acknowledgement may commit: the offset is behind all of them.
      const none = () => Promise.resolve();
      return (
        (await runParts(messages.slice(0, middle), none)) && (await runParts(messages.slice(middle), acknowledged))
      );
    }
  }

  async function acceptsEmpty(): Promise<boolean> {
    try {
      return await run([], () => Promise.resolve());
    } catch {
      return false;
    }
  }

  async function work(): Promise<void> {
    while (held.length > 0 && !stopping.signal.aborted) {
      await slots(async () => {
        if (stopping.signal.aborted) return;
        const slice = nextSlice(held);
        if (slice.taken === 0) return;
        if (!(await bury(slice.poison))) return;
        let done = false;
        const acknowledged = async (): Promise<void> => {
          if (done) return;
          done = true;
          const taken = held.slice(0, slice.taken);
          bytes -= taken.reduce((sum, { raw }) => sum + sizeOf(raw), 0);
          held = held.slice(slice.taken);
          wants();
          await commitBehind(
            taken.map(({ raw }) => BigInt(raw.offset)).reduce((one, other) => (one > other ? one : other)),
          );
        };
        const finished = slice.messages.length === 0 || (await runParts(slice.messages, acknowledged));
        running = false;
        if (finished) await acknowledged();
      });
    }
  }

  /** @param offset the highest of a slice: repeats of what a commit was refused for stand behind newer ones. */
  async function commitBehind(offset: bigint): Promise<void> {
    const behind = offset + 1n;
    if (!owned || behind <= committed) return;
    try {
      await commit(String(behind));
      committed = behind;
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
        running = false;
        if (held.length > 0 && !stopping.signal.aborted) setTimeout(start, FIRST_MS);
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
      return waiting;
    },
    get running() {
      return running;
    },
    offer(messages) {
      // By what is held, not by how far it has read: a topic that was created again begins at 0. What was handed over before is a repeat.
      const known = new Set(held.map(({ raw }) => raw.offset));
      for (const message of messages) {
        if (known.has(message.offset)) continue;
        held.push(new Held(message));
        bytes += sizeOf(message);
      }
      start();
    },
    async stop() {
      stopping.abort();
      await working;
    },
    isOther(messages) {
      const known = new Map(held.map(({ raw: { offset, value } }) => [offset, value]));
      return messages.some(({ offset, value }) => {
        const before = known.get(offset);
        return BigInt(offset) < committed || (before !== undefined && !sameBytes(before, value));
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

/**
 * Of the bytes as they were delivered: the same messages in the same order. And of their partition: activities find the slice by its hash,
 * and keep results there, which are not those of the same messages on another one.
 */
function hashOf(id: string, messages: readonly RawMessage[]): string {
  const hash = createHash('sha256').update(`${id}\n`);
  for (const { value } of messages) hash.update(`${value?.length ?? -1}\n`).update(value ?? '');
  return hash.digest('hex');
}

/** The value, and what a record costs besides. */
const sizeOf = ({ value }: RawMessage): number => (value?.length ?? 0) + 100;

const sameBytes = (one: Buffer | null, other: Buffer | null): boolean =>
  one === null || other === null ? one === other : one.equals(other);
