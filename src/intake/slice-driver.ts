/**
 * A slice driver starts the slices of a partition one after the other, and waits for the end of each. It copies
 * rejected messages to the `.dlq` topic.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { copiesOf, REASON_LENGTH } from '../domain/dead-letters/rejected-copy.js';
import { assertSent, type EventPublisher } from '../domain/events/publisher.js';
import { isRefusedLogin } from '../domain/failures/failure-table.js';
import { halve } from '../domain/values/halve.js';
import { shortenMiddle } from '../domain/values/json.js';
import type { BufferedMessage } from './buffered-message.js';
import type { IntakeMetrics } from './metrics.js';
import { isPermanent, type SliceEnd, type SliceRunner } from './slice-runner.js';
import { sliceHash } from './slice-hash.js';
import type { Slice } from './slicer.js';

/** Says whether the stores take work now. */
export type MayStart = () => { readonly ok: boolean; readonly retryAfterMs: number };

export interface DriverContext {
  readonly runner: SliceRunner;
  readonly publisher: EventPublisher;
  readonly dlqSuffix: string;
  readonly mayStart: MayStart;
  readonly metrics: IntakeMetrics;
  readonly logger: Logger;
}

type Poison = Slice<BufferedMessage>['poison'];

interface Persistence {
  /** Returns true for an error against which no further attempt helps. */
  readonly giveUp?: (error: unknown) => boolean;
  /** Whether the attempt is the last part of something begun, made once even when the driver was stopped before. */
  readonly last?: boolean;
}

/** Milliseconds between two attempts while something is unavailable: doubled from the first to the longest. */
const FIRST_MS = 250;
const LONGEST_MS = 10_000;

export class SliceDriver {
  readonly #id: string;
  readonly #context: DriverContext;
  readonly #stopping: AbortSignal;
  readonly #log: Logger;
  #waiting = false;
  #running = false;

  /**
   * @param id `{topic}/{partition}`.
   * @param stopping ends what waits; work that is begun comes to its end.
   */
  constructor(id: string, context: DriverContext, stopping: AbortSignal) {
    this.#id = id;
    this.#context = context;
    this.#stopping = stopping;
    this.#log = context.logger.child({ partition: id });
  }

  /** Returns whether the driver waits for something that is unavailable. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Returns whether the driver has a slice that is started and has not ended. */
  get running(): boolean {
    return this.#running;
  }

  /** Copies messages to the `.dlq` topic. @returns false when the driver was stopped first. */
  async reject(poison: Poison): Promise<boolean> {
    if (poison.length === 0) return true;
    const { publisher, dlqSuffix, metrics } = this.#context;
    let copies = poison.flatMap(({ message, reason }) => copiesOf(message.raw, reason, dlqSuffix));
    const sent = await this.#persist(
      'the .dlq topic cannot be reached',
      async () => {
        const outcomes = await publisher.publish(copies);
        // The next attempt sends the rest only: one copy that no broker takes must not repeat hundreds of others for
        // hours.
        copies = copies.filter((_, index) => outcomes[index]?.sent !== true);
        assertSent(outcomes);
      },
      { last: true },
    );
    if (sent === undefined) return false;
    metrics.poison(poison.length);
    for (const { message, reason } of poison) {
      this.#log.error({ offset: message.raw.offset, reason }, 'copied to the .dlq topic');
    }
    return true;
  }

  /**
   * Starts a slice and waits for its end. A permanent refusal of Temporal is narrowed down to the messages at fault,
   * which are rejected.
   * @param acknowledged is called when Temporal has the whole slice.
   * @returns true when the slice ended, false when the driver was stopped meanwhile.
   */
  async execute(messages: readonly BufferedMessage[], acknowledged: () => Promise<void>): Promise<boolean> {
    let ended = true;
    await halve(messages, async (part, from) => {
      if (!ended) return false;
      // Only the acknowledgement of the last part may commit, because the offset is behind the messages of all parts.
      const isLast = from + part.length === messages.length;
      const onAccepted = isLast ? acknowledged : () => Promise.resolve();
      try {
        ended = await this.#run(part, onAccepted);
      } catch (error) {
        if (part.length > 1) return true;
        ended = await this.#rejectRefused(part, error, onAccepted);
      }
      return false;
    });
    return ended;
  }

  /** Rejects the one message that a refusal of Temporal was narrowed down to. @returns as `execute`. */
  async #rejectRefused(
    [first]: readonly BufferedMessage[],
    error: unknown,
    acknowledged: () => Promise<void>,
  ): Promise<boolean> {
    if (first === undefined) return true;
    // A refusal of an empty slice too means that the server is at fault, and the message waits for it.
    if (!(await this.#acceptsEmpty())) {
      await this.#pause(LONGEST_MS);
      return this.#stopping.aborted ? false : this.execute([first], acknowledged);
    }
    const refusal = error instanceof Error ? error.message : String(error);
    const reason = shortenMiddle(`Temporal refused it: ${refusal}`, REASON_LENGTH);
    return this.reject([{ message: first, reason }]);
  }

  /**
   * @returns true when the slice started and ended, false when the driver was stopped meanwhile.
   * @throws a permanent refusal.
   */
  async #run(messages: readonly BufferedMessage[], acknowledged: () => Promise<void>): Promise<boolean> {
    const { runner, metrics } = this.#context;
    const lists = messages.flatMap(({ read }) => (read.ok ? [read.list] : []));
    const runId = await this.#startSlice(messages, lists);
    if (runId === undefined) return false;
    this.#running = true;
    metrics.envelopes(lists.length);
    try {
      await acknowledged();
      // A driver that was stopped during the start waits too: nobody else copies the slice's invalid lists.
      const end = await this.#persist(
        'the end of the slice cannot be waited for',
        () => runner.ended(this.#id, runId),
        { last: true },
      );
      if (end === undefined) return false;
      await this.reject(this.#poisonOf(messages, runId, end.value));
      return true;
    } finally {
      this.#running = false;
    }
  }

  /** @returns the run id; undefined when the driver was stopped first. @throws a permanent refusal. */
  async #startSlice(
    messages: readonly BufferedMessage[],
    lists: Parameters<SliceRunner['start']>[1],
  ): Promise<string | undefined> {
    const { runner, mayStart } = this.#context;
    const hash = sliceHash(
      this.#id,
      messages.map(({ raw }) => raw),
    );
    for (;;) {
      for (let may = mayStart(); !may.ok && !this.#stopping.aborted; may = mayStart()) {
        // The pause is at most 1 s, because a breaker's probe may be over sooner than the time it has.
        await this.#pause(Math.min(1_000, may.retryAfterMs));
      }
      const started = await this.#persist('the slice could not be started', () => runner.start(this.#id, lists, hash), {
        giveUp: isPermanent,
      });
      if (started === undefined) return undefined;
      if (started.value !== null) return started.value;
      await this.#persist('the slice before cannot be waited for', () => runner.ended(this.#id));
    }
  }

  /**
   * Returns the messages for a person: all of a slice that was ended by force, else those whose lists were answered as
   * invalid.
   */
  #poisonOf(messages: readonly BufferedMessage[], runId: string, end: SliceEnd): Poison {
    if (end.completed) {
      return end.invalid.flatMap(({ list, reason }) => {
        const message = messages[list];
        return message === undefined ? [] : [{ message, reason }];
      });
    }
    const reason = shortenMiddle(`slice intake/${this.#id}, run ${runId}: ${end.reason}`, REASON_LENGTH);
    return messages.map((message) => ({ message, reason }));
  }

  async #acceptsEmpty(): Promise<boolean> {
    try {
      return await this.#run([], () => Promise.resolve());
    } catch {
      return false;
    }
  }

  /**
   * Repeats an attempt until it succeeds.
   * @returns undefined when the driver is stopped first.
   * @throws an error that `giveUp` names.
   */
  async #persist<T>(what: string, attempt: () => Promise<T>, { giveUp = () => false, last = false }: Persistence = {}) {
    for (let wait = FIRST_MS; ; wait = Math.min(LONGEST_MS, wait * 2)) {
      if (this.#stopping.aborted && !(last && wait === FIRST_MS)) return undefined;
      try {
        return { value: await attempt() };
      } catch (error) {
        if (giveUp(error)) throw error;
        // A refused login is said once a minute, by whoever has the connection.
        if (!isRefusedLogin(error)) {
          this.#log.warn({ err: error, retry_ms: wait }, `${what}; the partition waits`);
        }
        await this.#pause(wait);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    this.#waiting = true;
    await sleep(ms, undefined, { signal: this.#stopping }).catch(() => undefined);
    this.#waiting = false;
  }
}
