/**
 * Follows a plan: tiers one after the other, lanes of a tier side by side, chunks of a lane one after the other. Knows no
 * intent type; what to call, under which policy and how to name it stands in the plan. Intents may be of several lists: what
 * one list's failure stops, and which events announce it, is its own.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { AnnouncementQueue } from '../src/intents/announcement-queue.js';
import {
  type Announcement,
  ANNOUNCEMENTS_PER_BATCH,
  ANNOUNCER,
  type BatchInput,
  type BatchOutput,
} from '../src/intents/batch.js';
import { operationFailed } from '../src/intents/operation-failed.js';
import type { PlannedChunk, PlannedLane, PlannedTier } from '../src/intents/plan.js';
import type { LockWait } from '../src/intents/ports.js';
import type { IntentResult } from '../src/intents/result.js';
import { type Unsettled, withoutEffect } from '../src/intents/settle.js';
import type { ListScope, Work } from '../src/intents/work.js';
import { runBatch, settleBatch } from './policies.js';

/** Where activities find the intents. */
export interface IntentSource {
  /** By which they find the slice; absent where they are given the intents themselves. */
  readonly slice?: string;
  /** What activities do about rows that others hold; default: they wait for them. */
  readonly locks?: LockWait;
  /** The intent at an index of the plan, or its place in the slice. */
  item(index: number): { readonly intent: unknown } | number;
}

/** An announcement on its way, and the list it belongs to. */
interface Pending {
  readonly list: number;
  /** Or the index of the intent that is announced. */
  readonly event: Announcement | number;
}

export class PlanExecutor {
  /** By input index; filled as intents settle. */
  readonly results: (IntentResult | undefined)[];
  /** By list: announcements no broker has taken yet. */
  readonly #announcements: readonly AnnouncementQueue<number>[];
  /** By list: where its intents stand. */
  readonly #indexById: readonly ReadonlyMap<string, number>[];
  /** Intents whose results are where they were carried out, and by index whether they are announced. */
  readonly #elsewhere = new Map<number, boolean>();
  /** Lists that wait for a key, and those behind them: nothing more of them is run. */
  readonly #waiting = new Set<number>();

  /**
   * @param onProgress called when a tier begins and when a chunk has settled.
   * @param onTierEnd called when a tier has ended, and once before the first.
   */
  constructor(
    private readonly work: Work,
    private readonly source: IntentSource,
    private readonly onProgress: () => void,
    private readonly onTierEnd: () => void = () => undefined,
  ) {
    this.results = work.intents.map(() => undefined);
    this.#announcements = work.lists.map((list) => new AnnouncementQueue<number>(list));
    // The last of equal ids: only one of them executes, and repeats are not announced.
    this.#indexById = work.lists.map(
      (list) => new Map(indexesOf(list).map((index) => [this.#planned(index).id, index])),
    );
  }

  /** The tier being run; null before the first and after the last. */
  current: PlannedTier | null = null;

  /** Announcements no broker has taken yet. */
  get unannounced(): number {
    return this.#announcements.reduce((sum, { length }) => sum + length, 0);
  }

  /** Lists that were not finished because somebody holds one of their keys, or one of a list before them. */
  get waiting(): readonly number[] {
    return [...this.#waiting].filter((list) => !this.isSettled(list)).sort((one, other) => one - other);
  }

  /** Runs the whole plan. Every intent has a result afterwards, but for `waiting` lists. @throws only when cancelled. */
  async run(): Promise<void> {
    this.#rejectInvalid();
    this.#skipStopped();
    this.onTierEnd();
    try {
      for (const tier of this.work.tiers) {
        if (!tier.lanes.some(({ chunks }) => chunks.some((chunk) => this.#open(chunk).length > 0))) continue;
        this.current = tier;
        this.onProgress();
        await this.#runTier(tier);
        this.#skipStopped();
        this.onTierEnd();
      }
    } catch (error) {
      for (const list of this.work.lists) this.#skipRest(list, 'skipped: the execution was cancelled');
      throw error;
    } finally {
      this.current = null;
    }
  }

  /** A list's first failure, in input order, of a priority that stops its rest. */
  failedFast(list: number): IntentResult | undefined {
    const scope = this.#scope(list);
    const index = indexesOf(scope).find((at) => {
      const status = this.results[at]?.status;
      return (
        (status === 'failed' || status === 'unknown') && this.#planned(at).priority >= scope.options.failFastPriority
      );
    });
    return index === undefined ? undefined : this.results[index];
  }

  /** Whether every intent of a list has its result. */
  isSettled(list: number): boolean {
    return indexesOf(this.#scope(list)).every((index) => this.results[index] !== undefined);
  }

  /** The results of a list that is settled, in input order. */
  resultsOf(list: number): readonly IntentResult[] {
    const { first, count } = this.#scope(list);
    return this.results.slice(first, first + count) as IntentResult[];
  }

  /** The same without those that are where they were carried out: of these the milliseconds they took. */
  knownResultsOf(list: number): {
    readonly results: readonly (IntentResult | number)[];
    /** Those among them that are announced. */
    readonly announced: readonly number[];
  } {
    const { first } = this.#scope(list);
    const results = this.resultsOf(list);
    return {
      results: results.map((result, index) => (this.#elsewhere.has(first + index) ? result.execution_time_ms : result)),
      announced: results.flatMap((_, index) => (this.#elsewhere.get(first + index) === true ? [index] : [])),
    };
  }

  /**
   * Publishes what has not travelled with a batch. Failures leave it pending: the report says so.
   * @param leave how many may be left to something else.
   */
  async announceRest(lists: readonly number[], leave = 0): Promise<void> {
    while (lists.reduce((sum, list) => sum + (this.#announcements[list]?.length ?? 0), 0) > leave) {
      const batch = this.#take(lists);
      try {
        const summary = `announce ${batch.length} ${batch.length === 1 ? 'outcome' : 'outcomes'}`;
        this.#announced(batch, await runBatch('publish', ANNOUNCER, summary, this.#inputOf([], batch)));
      } catch (error) {
        this.#putBack(batch);
        if (isCancellation(error)) throw error;
        return;
      }
    }
  }

  /** The next announcements travel with `send`, which says what is not on its topic. @throws what it throws; they stay pending. */
  async announceWith(
    lists: readonly number[],
    send: (announce: NonNullable<BatchInput['announce']>) => Promise<Pick<BatchOutput, 'not_announced'>>,
  ): Promise<void> {
    const batch = this.#take(lists);
    try {
      this.#announced(batch, await send(this.#announceOf(batch)));
    } catch (error) {
      this.#putBack(batch);
      throw error;
    }
  }

  #rejectInvalid(): void {
    this.work.intents.forEach((intent, index) => {
      if (intent.rejected === undefined) return;
      const verdict: Unsettled = {
        status: 'failed',
        error: intent.rejected,
        errorCode: 'VALIDATION_ERROR',
        timestamp: now(),
      };
      this.#settle(index, withoutEffect(intent, verdict));
    });
  }

  async #runTier(tier: PlannedTier): Promise<void> {
    const carrier = tier.lanes
      .find(({ activity }) => activity === ANNOUNCER)
      ?.chunks.find((chunk) => this.#open(chunk).length > 0);
    const announce = carrier === undefined ? [] : this.#take(this.#lists());
    const lanes = tier.lanes.map((lane) => this.#runLane(lane, (chunk) => (chunk === carrier ? announce : [])));
    if (lanes.length === 1) return lanes[0];
    // Settled, so that a cancelled lane does not leave the others unobserved.
    const failed = (await Promise.allSettled(lanes)).find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #runLane(lane: PlannedLane, announceWith: (chunk: PlannedChunk) => readonly Pending[]): Promise<void> {
    for (const chunk of lane.chunks) {
      const indexes = this.#open(chunk);
      if (indexes.length === 0) continue;
      const announce = announceWith(chunk);
      try {
        const input = this.#inputOf(indexes, announce);
        const output = await runBatch(lane.policy, lane.activity, chunk.summary, input);
        this.#settleBatch(indexes, output);
        this.#announced(announce, output);
      } catch (error) {
        this.#putBack(announce);
        // Cancelled before it was scheduled: nothing happened. Once scheduled, an attempt may have had its effect.
        if (isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
        await this.#giveUp(lane, chunk.summary, indexes, failureOf(error, lane));
        if (isCancellation(error)) throw error;
      }
      this.onProgress();
    }
  }

  /**
   * An activity that failed for good has not said that nothing happened: a late attempt may still be writing. So the store is
   * asked for the last word, also when the execution is cancelled.
   */
  async #giveUp(lane: PlannedLane, summary: string, indexes: readonly number[], failure: Unsettled): Promise<void> {
    let verdict = failure;
    if (lane.settles === true) {
      try {
        const { activity } = lane;
        const input = {
          activity,
          ...pick(this.#inputOf(indexes, [])),
          failure: { error: failure.error, error_code: failure.errorCode },
        };
        const output = await CancellationScope.nonCancellable(() => settleBatch(summary, input));
        this.#settleBatch(indexes, output);
        return;
      } catch (error) {
        const reason = messageOf(error instanceof ActivityFailure ? error.cause : error);
        verdict = { ...failure, status: 'unknown', error: `${failure.error}; whether it happened: ${reason}` };
      }
    }
    for (const index of indexes) this.#settle(index, withoutEffect(this.#planned(index), verdict));
  }

  /** Indexes of a chunk that have no result yet: all, unless a list was stopped or waits. */
  #open({ indexes }: PlannedChunk): readonly number[] {
    return indexes.filter((index) => this.results[index] === undefined && !this.#waits(index));
  }

  #waits(index: number): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(this.#listOf(index));
  }

  /**
   * A list waits from now on, and with it every list behind it that shares a key and is not finished: one that is has had its
   * turn at that key, as tiers and lanes keep the order of the lists.
   */
  #wait(first: number): void {
    const keys = new Set(this.#scope(first).keys);
    this.#waiting.add(first);
    this.work.lists.forEach((list, number) => {
      if (number <= first || this.isSettled(number) || list.keys?.some((key) => keys.has(key)) !== true) return;
      for (const key of list.keys) keys.add(key);
      this.#waiting.add(number);
    });
  }

  #inputOf(indexes: readonly number[], announce: readonly Pending[]): BatchInput {
    return {
      correlation_id: this.#scope(0).correlation_id,
      ...(this.source.slice === undefined ? {} : { slice: this.source.slice }),
      ...(this.source.locks === undefined ? {} : { locks: this.source.locks }),
      page_bytes: this.work.page_bytes,
      items: indexes.map((index) => {
        const item = this.source.item(index);
        return typeof item === 'number'
          ? item
          : { intent_id: this.#planned(index).id, ...item, ...this.#ownOf(this.#listOf(index)) };
      }),
      ...(announce.length > 0 ? { announce: this.#announceOf(announce) } : {}),
    };
  }

  #announceOf(batch: readonly Pending[]): (Announcement | number)[] {
    return batch.map(({ list, event }) =>
      typeof event === 'number' ? this.#placeOf(event) : { ...event, ...this.#ownOf(list) },
    );
  }

  /** The correlation id of a list, only where it is another one than the batch's. */
  #ownOf(list: number): { readonly correlation_id?: string } {
    const other = this.#scope(list).correlation_id;
    return other === this.#scope(0).correlation_id ? {} : { correlation_id: other };
  }

  /** Of an intent that was announced by its place. */
  #placeOf(index: number): number {
    const place = this.source.item(index);
    if (typeof place !== 'number') throw ApplicationFailure.nonRetryable(`intent ${index} has no place`, 'PlanError');
    return place;
  }

  #settleBatch(indexes: readonly number[], output: BatchOutput): void {
    const listById = new Map<string, number>();
    indexes.forEach((index, position) => {
      const result = output.results[position];
      if (result === null) {
        this.#wait(this.#listOf(index));
        return;
      }
      this.results[index] = typeof result === 'number' ? this.#successOf(index, result) : result;
      const { id } = this.#planned(index);
      // The first of equal ids is the one that was carried out, and is announced.
      if (!listById.has(id)) listById.set(id, this.#listOf(index));
    });
    const indexByPlace = new Map(
      output.announce.some(isNumber) ? indexes.map((index) => [this.#placeOf(index), index]) : [],
    );
    for (const event of output.announce) {
      if (typeof event === 'number') {
        const index = indexByPlace.get(event);
        if (index !== undefined) this.#announcements[this.#listOf(index)]?.add([index]);
      } else {
        this.#announcements[listById.get(event.intent_id) ?? 0]?.add([event]);
      }
    }
  }

  /** What there is to know here of a success whose result is elsewhere. */
  #successOf(index: number, milliseconds: number): IntentResult {
    this.#elsewhere.set(index, false);
    const { id, type } = this.#planned(index);
    return {
      intent_id: id,
      intent_type: type,
      status: 'succeeded',
      success: true,
      error: null,
      execution_time_ms: milliseconds,
      timestamp: now(),
    };
  }

  #settle(index: number, result: IntentResult): void {
    this.results[index] = result;
    const event = result.status === 'skipped' ? null : operationFailed(result);
    if (event !== null) this.#announcements[this.#listOf(index)]?.add([{ ...event, intent_id: result.intent_id }]);
  }

  /** Skips what is left of lists that a failure has stopped. */
  #skipStopped(): void {
    this.work.lists.forEach((list, number) => {
      if (this.#waiting.has(number) || this.isSettled(number) || this.failedFast(number) === undefined) return;
      this.#skipRest(list, `skipped: an intent of priority ${list.options.failFastPriority} or higher failed`);
    });
  }

  #skipRest(list: ListScope, error: string): void {
    const verdict: Unsettled = { status: 'skipped', error, errorCode: 'SKIPPED', timestamp: now() };
    for (const index of indexesOf(list)) {
      if (this.results[index] === undefined) this.#settle(index, withoutEffect(this.#planned(index), verdict));
    }
  }

  /** Lists that did not publish themselves what they were to: then it is announced after all. */
  releaseHeldBack(lists: readonly number[]): void {
    for (const list of lists) {
      this.#announcements[list]?.releaseHeldBack((index) => this.results[index]?.success === true);
    }
  }

  #take(lists: readonly number[]): Pending[] {
    const taken: Pending[] = [];
    for (const list of lists) {
      const events = this.#announcements[list]?.take(ANNOUNCEMENTS_PER_BATCH - taken.length) ?? [];
      taken.push(...events.map((event) => ({ list, event })));
    }
    return taken;
  }

  #putBack(batch: readonly Pending[]): void {
    for (const list of new Set(batch.map((pending) => pending.list))) {
      this.#announcements[list]?.putBack(batch.filter((one) => one.list === list).map(({ event }) => event));
    }
  }

  #announced(batch: readonly Pending[], { not_announced = [] }: Pick<BatchOutput, 'not_announced'>): void {
    for (const { list, event } of batch) {
      const index = typeof event === 'number' ? event : this.#indexById[list]?.get(event.intent_id);
      if (index === undefined || not_announced.includes(this.#planned(index).id)) continue;
      if (this.#elsewhere.has(index)) this.#elsewhere.set(index, true);
      const result = this.results[index];
      if (result?.['event_published'] === false) {
        this.results[index] = { ...result, event_published: true };
      }
    }
  }

  #lists(): readonly number[] {
    return this.work.lists.map((_, list) => list);
  }

  /** The list an intent belongs to. */
  #listOf(index: number): number {
    return this.work.lists.findLastIndex(({ first, count }) => count > 0 && first <= index);
  }

  #scope(list: number): ListScope {
    const scope = this.work.lists[list];
    if (scope === undefined) throw ApplicationFailure.nonRetryable(`the plan has no list ${list}`, 'PlanError');
    return scope;
  }

  #planned(index: number) {
    const intent = this.work.intents[index];
    if (intent === undefined) throw ApplicationFailure.nonRetryable(`the plan has no intent ${index}`, 'PlanError');
    return intent;
  }
}

const isNumber = (event: unknown): boolean => typeof event === 'number';

const pick = ({ items, slice }: BatchInput) => ({ items, ...(slice === undefined ? {} : { slice }) });

const indexesOf = ({ first, count }: ListScope): number[] =>
  Array.from({ length: count }, (_, offset) => first + offset);

const now = (): string => new Date().toISOString();

/** After a time-out, or a cancellation between attempts, nobody knows whether an effect happened; reading has none. */
function failureOf(error: unknown, { errorCode, policy }: PlannedLane): Unsettled {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const code: unknown = cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
  const interrupted = cause instanceof TimeoutFailure || isCancellation(error);
  return {
    status: interrupted && policy !== 'read' ? 'unknown' : 'failed',
    error: messageOf(cause),
    errorCode: typeof code === 'string' ? code : errorCode,
    timestamp: now(),
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
