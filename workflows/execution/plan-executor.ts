/**
 * The plan executor follows a plan: tiers one by one, lanes of a tier side by side, chunks of a lane one by one. It
 * knows no intent type: the plan says which activity to call, under which policy, and how to name the call. Intents may
 * be of several lists; each list has its own failures and announcements.
 */
import { ActivityFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import { ANNOUNCER, type BatchInput, type BatchOutput } from '../../src/domain/execution/batch.js';
import { expandResult } from '../../src/domain/execution/compact-form.js';
import { ERROR_CODES } from '../../src/domain/failures/store.js';
import type { PlannedChunk, PlannedLane, PlannedTier } from '../../src/domain/execution/plan.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { type NoEffect, withoutEffect } from '../../src/domain/execution/without-effect.js';
import { indexesOf, listOf, type ListScope, type Work } from '../../src/domain/execution/work.js';
import { plannedAt, RecordedResults } from './recorded-results.js';
import { eventOfFailure, failureOf, fieldsOf, messageOf } from '../activity-failures.js';
import { BatchInputs, type ListSource, type SliceSource } from './batch-inputs.js';
import { CancelledLists } from './cancelled-lists.js';
import { type Pending, PendingAnnouncements } from './pending-announcements.js';
import { ExecutionActivities } from './execution-activities.js';
import { WaitingLists } from './waiting-lists.js';

const ANNOUNCING = { policy: 'publish', activity: ANNOUNCER, errorCode: ERROR_CODES.kafka } as const;

export class PlanExecutor {
  readonly results: RecordedResults;
  readonly activities = new ExecutionActivities();
  /** Lists that are cancelled by themselves. They stop at the next batch boundary, and their neighbours run on. */
  readonly cancelled: CancelledLists;
  readonly #announcements: PendingAnnouncements;
  readonly #inputs: BatchInputs;
  readonly #waiting: WaitingLists;

  /**
   * @param onProgress called when a tier begins and when a chunk has ended.
   * @param onTierEnd called when a tier has ended, and once before the first.
   */
  constructor(
    private readonly work: Work,
    source: ListSource | SliceSource,
    private readonly onProgress: () => void,
    private readonly onTierEnd: () => void = () => undefined,
  ) {
    this.results = new RecordedResults(work);
    this.#inputs = new BatchInputs(work, source);
    this.#waiting = new WaitingLists(work, this.results);
    this.cancelled = new CancelledLists(work);
    this.#announcements = new PendingAnnouncements(work, (index) => this.#inputs.positionOf(index));
  }

  /** The tier being run; null before the first and after the last. */
  current: PlannedTier | null = null;

  /** Number of announcements that no broker has taken yet. */
  get unannounced(): number {
    return this.#announcements.lengthOf([...this.work.lists.keys()]);
  }

  /** Unfinished lists: a row of theirs is locked, or a list before them that waits shares a key. */
  get waiting(): readonly number[] {
    return this.#waiting.unfinished;
  }

  /**
   * Runs the whole plan. Every intent has a result afterwards, but for `waiting` lists. @throws only when cancelled.
   */
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
      this.#skipStopped();
    } catch (error) {
      for (const list of this.work.lists) this.#skipRest(list, 'skipped: the execution was cancelled');
      throw error;
    } finally {
      this.current = null;
    }
  }

  /**
   * Publishes announcements that travelled with no batch. After a failure they stay pending, and the report says so.
   * @param leave number of announcements that may be left to a later call.
   */
  async announceRest(lists: readonly number[], leave = 0): Promise<void> {
    while (this.#announcements.lengthOf(lists) > leave) {
      const batch = this.#announcements.take(lists);
      try {
        const summary = `announce ${batch.length} ${batch.length === 1 ? 'outcome' : 'outcomes'}`;
        const input = this.#inputs.of([], this.#announcements.name(batch));
        this.#announced(batch, await this.activities.run(ANNOUNCING, summary, input));
      } catch (error) {
        this.#announcements.putBack(batch);
        if (isCancellation(error)) throw error;
        return;
      }
    }
  }

  /**
   * Hands the next announcements to `send`, which returns those that are not on their topic. @throws the error of
   * `send`; the announcements then stay pending.
   */
  async announceWith(
    lists: readonly number[],
    send: (announce: NonNullable<BatchInput['announce']>) => Promise<Pick<BatchOutput, 'not_announced'>>,
  ): Promise<void> {
    const batch = this.#announcements.take(lists);
    try {
      this.#announced(batch, await send(this.#announcements.name(batch)));
    } catch (error) {
      this.#announcements.putBack(batch);
      throw error;
    }
  }

  #rejectInvalid(): void {
    this.work.intents.forEach((intent, index) => {
      if (intent.rejected === undefined) return;
      const ending: NoEffect = {
        status: 'failed',
        error: intent.rejected,
        errorCode: 'VALIDATION_ERROR',
        timestamp: now(),
      };
      this.#record(index, withoutEffect(intent, ending));
    });
  }

  async #runTier(tier: PlannedTier): Promise<void> {
    const piggyback = tier.lanes
      .find(({ activity }) => activity === ANNOUNCER)
      ?.chunks.find((chunk) => this.#open(chunk).length > 0);
    // A complete list's announcements travel with its answer, which has to know what became of them.
    const open = [...this.work.lists.keys()].filter((list) => !this.results.isComplete(list));
    const announce = piggyback === undefined ? [] : this.#announcements.take(open);
    const lanes = tier.lanes.map((lane) => this.#runLane(lane, (chunk) => (chunk === piggyback ? announce : [])));
    if (lanes.length === 1) return lanes[0];
    // All lanes are waited for, so that a cancelled one does not leave the others unobserved.
    const failed = (await Promise.allSettled(lanes)).find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #runLane(lane: PlannedLane, announceWith: (chunk: PlannedChunk) => readonly Pending[]): Promise<void> {
    for (const chunk of lane.chunks) {
      const indexes = this.#open(chunk);
      if (indexes.length === 0) continue;
      const announce = announceWith(chunk);
      const startedAt = Date.now();
      try {
        const input = this.#inputs.of(indexes, this.#announcements.name(announce));
        const output = await this.activities.run(lane, chunk.summary, input);
        this.#recordBatch(indexes, output);
        this.#announced(announce, output);
      } catch (error) {
        this.#announcements.putBack(announce);
        // A batch cancelled before it was scheduled did nothing. Once scheduled, an attempt may have had its effect.
        if (isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
        await this.#giveUp(lane, chunk.summary, indexes, failureOf(error, lane, startedAt));
        if (isCancellation(error)) throw error;
      }
      this.onProgress();
    }
  }

  /**
   * Gives up: asks the store about intents whose activity failed for good, also when the execution is cancelled. A late
   * attempt may still be writing, so the failure does not say that nothing happened.
   */
  async #giveUp(lane: PlannedLane, summary: string, indexes: readonly number[], failure: NoEffect): Promise<void> {
    let ending = failure;
    if (lane.settles === true) {
      try {
        const input = {
          activity: lane.activity,
          ...this.#inputs.intentsOf(indexes),
          failure: fieldsOf(failure),
        };
        const output = await CancellationScope.nonCancellable(() => this.activities.resolve(lane, summary, input));
        this.#recordBatch(indexes, output);
        return;
      } catch (error) {
        ending = { ...failure, status: 'unknown', error: `${failure.error}; whether it happened: ${messageOf(error)}` };
      }
    }
    for (const index of indexes) this.#record(index, withoutEffect(plannedAt(this.work, index), ending));
  }

  /** Returns the indexes of a chunk that are still to be run: all, unless a list was stopped or waits. */
  #open({ indexes }: PlannedChunk): readonly number[] {
    return indexes.filter(
      (index) => !this.results.has(index) && !this.#waiting.hasIntent(index) && !this.cancelled.hasIntent(index),
    );
  }

  #recordBatch(indexes: readonly number[], output: BatchOutput): void {
    indexes.forEach((index, position) => {
      const result = output.results[position];
      if (result === null) this.#waiting.add(listOf(this.work, index));
      else if (result !== undefined) this.results.record(index, expandResult(result), now());
    });
    this.#announcements.add(
      indexes.filter((index) => this.results.has(index)),
      output.announce,
    );
  }

  #record(index: number, result: IntentResult): void {
    this.results.record(index, result, result.timestamp);
    const event = eventOfFailure(result);
    if (event !== null) this.#announcements.add([index], [{ ...event, intent_id: result.intent_id }]);
  }

  /** Skips the rest of each list that a failure has stopped, or its caller. */
  #skipStopped(): void {
    this.work.lists.forEach((list, number) => {
      if (this.cancelled.has(number)) this.#skipRest(list, 'skipped: the list was cancelled');
      if (this.#waiting.has(number) || this.results.isComplete(number) || this.results.failedFast(number) === undefined)
        return;
      this.#skipRest(list, `skipped: an intent of priority ${list.options.failFastPriority} or higher failed`);
    });
  }

  #skipRest(list: ListScope, error: string): void {
    const ending: NoEffect = { status: 'skipped', error, errorCode: 'SKIPPED', timestamp: now() };
    for (const index of indexesOf(list)) {
      if (!this.results.has(index)) this.#record(index, withoutEffect(plannedAt(this.work, index), ending));
    }
  }

  /** Releases the withheld announcements of events that the lists were to publish themselves, and did not. */
  releaseWithheld(lists: readonly number[]): void {
    this.#announcements.releaseWithheld(lists, (index) => this.results.succeeded(index));
  }

  #announced(batch: readonly Pending[], { not_announced = [] }: Pick<BatchOutput, 'not_announced'>): void {
    for (const index of this.#announcements.indexesOf(batch)) {
      if (!not_announced.includes(plannedAt(this.work, index).id)) this.results.announced(index);
    }
  }
}

const now = (): string => new Date().toISOString();
