/** The slices of a partition, one after the other: started, waited for, and what is for a person copied to the `.dlq` topic. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { copiesOf, type RawMessage } from '../domain/dead-letters/poison-copy.js';
import type { EventPublisher } from '../domain/events/publisher.js';
import type { Held } from './lane-message.js';
import type { IntakeMetrics } from './metrics.js';
import { isPermanent, type SliceEnd, type SliceRunner } from './slice-runner.js';
import type { Slice } from './slicer.js';

/** Whether the stores take work now. */
export type MayStart = () => { readonly ok: boolean; readonly retryAfterMs: number };

export interface CarrierContext {
  readonly runner: SliceRunner;
  readonly publisher: EventPublisher;
  readonly dlqSuffix: string;
  readonly mayStart: MayStart;
  readonly metrics: IntakeMetrics;
  readonly logger: Logger;
}

export interface SliceCarrier {
  /** Waits for something that is away. */
  readonly waiting: boolean;
  /** Has a slice that is started and has not ended. */
  readonly running: boolean;
  /** Copies messages to the `.dlq` topic. @returns false when the lane was stopped first. */
  bury(poison: Poison): Promise<boolean>;
  /**
   * Starts a slice and waits for its end; what Temporal refuses for good is narrowed down to the messages at fault, which are buried.
   * @param acknowledged called when Temporal has all of it.
   * @returns true when it ended, false when the lane was stopped meanwhile.
   */
  carry(messages: readonly Held[], acknowledged: () => Promise<void>): Promise<boolean>;
}

type Poison = Slice<Held>['poison'];

/** Milliseconds between two attempts while something is away: doubled from the first to the longest. */
const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * @param id `{topic}/{partition}`.
 * @param stopping ends what waits; what is begun comes to its end.
 */
export function createSliceCarrier(id: string, context: CarrierContext, stopping: AbortSignal): SliceCarrier {
  const { runner, publisher, metrics, mayStart } = context;
  const log = context.logger.child({ partition: id });
  let waiting = false;
  let running = false;

  async function pause(ms: number): Promise<void> {
    waiting = true;
    await sleep(ms, undefined, { signal: stopping }).catch(() => undefined);
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
      if (stopping.aborted && !(last && wait === FIRST_MS)) return undefined;
      try {
        return { value: await attempt() };
      } catch (error) {
        if (giveUp(error)) throw error;
        log.warn({ err: error, retry_ms: wait }, `${what}; the partition waits`);
        await pause(wait);
      }
    }
  }

  async function bury(poison: Poison): Promise<boolean> {
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
      for (let may = mayStart(); !may.ok && !stopping.aborted; may = mayStart()) {
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
      try {
        await acknowledged();
        // Also when it was stopped while the slice was started: nobody else copies what is invalid in it.
        const end = await persist('the end of the slice cannot be waited for', () => runner.ended(id, runId), {
          last: true,
        });
        if (end === undefined) return false;
        await bury(poisonOf(messages, runId, end.value));
        return true;
      } finally {
        running = false;
      }
    }
  }

  /** What is for a person: all of a slice that was ended by force, else the lists that were answered as invalid. */
  function poisonOf(messages: readonly Held[], runId: string, end: SliceEnd): Poison {
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
  async function carry(messages: readonly Held[], acknowledged: () => Promise<void>): Promise<boolean> {
    try {
      return await run(messages, acknowledged);
    } catch (error) {
      const [first] = messages;
      if (first === undefined) return true;
      if (messages.length === 1) {
        // Refused without lists too? Then the server is at fault, and the message waits for it.
        if (!(await acceptsEmpty())) {
          await pause(LONGEST_MS);
          return stopping.aborted ? false : carry(messages, acknowledged);
        }
        const reason = `Temporal refused it: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500);
        return bury([{ message: first, reason }]);
      }
      const middle = Math.ceil(messages.length / 2);
      // Only the last part's acknowledgement may commit: the offset is behind all of them.
      const none = () => Promise.resolve();
      return (await carry(messages.slice(0, middle), none)) && (await carry(messages.slice(middle), acknowledged));
    }
  }

  async function acceptsEmpty(): Promise<boolean> {
    try {
      return await run([], () => Promise.resolve());
    } catch {
      return false;
    }
  }

  return {
    get waiting() {
      return waiting;
    },
    get running() {
      return running;
    },
    bury,
    carry,
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
