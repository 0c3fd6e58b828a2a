/**
 * Follows a plan: tiers one after the other, lanes of a tier side by side, chunks of a lane one after the other. Knows no
 * intent type; what to call, under which policy and how to name it stands in the plan.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { AnnouncementQueue } from '../src/intents/announcement-queue.js';
import { type Announcement, ANNOUNCER, type BatchOutput } from '../src/intents/batch.js';
import { operationFailed } from '../src/intents/operation-failed.js';
import type { Plan, PlannedChunk, PlannedLane, PlannedTier } from '../src/intents/plan.js';
import type { IntentResult } from '../src/intents/result.js';
import { type Unsettled, withoutEffect } from '../src/intents/settle.js';
import { runBatch, settleBatch } from './policies.js';

export class PlanExecutor {
  /** By input index; filled as intents settle. */
  readonly results: (IntentResult | undefined)[];
  readonly #announcements: AnnouncementQueue;
  readonly #indexById: ReadonlyMap<string, number>;

  constructor(
    private readonly plan: Plan,
    private readonly intents: readonly unknown[],
    private readonly onProgress: () => void,
  ) {
    this.results = plan.intents.map(() => undefined);
    this.#announcements = new AnnouncementQueue(plan);
    // The last of equal ids: only one of them executes, and repeats are not announced.
    this.#indexById = new Map(plan.intents.map(({ id }, index) => [id, index]));
  }

  /** The tier being run; null before the first and after the last. */
  current: PlannedTier | null = null;

  /** Announcements no broker has taken yet. */
  get unannounced(): number {
    return this.#announcements.length;
  }

  /** Runs the whole plan. Every intent has a result afterwards. @throws only when cancelled. */
  async run(): Promise<void> {
    this.#rejectInvalid();
    try {
      for (const tier of this.plan.tiers) {
        this.current = tier;
        this.onProgress();
        await this.#runTier(tier);
        if (this.failedFast !== undefined) break;
      }
      this.#skipRest(`skipped: an intent of priority ${this.plan.options.failFastPriority} or higher failed`);
    } catch (error) {
      this.#skipRest('skipped: the execution was cancelled');
      throw error;
    } finally {
      this.current = null;
    }
  }

  /** The first failure, in input order, of a priority that stops the rest. */
  get failedFast(): IntentResult | undefined {
    const { failFastPriority } = this.plan.options;
    return this.results.find(
      (result, index) =>
        (result?.status === 'failed' || result?.status === 'unknown') &&
        this.#planned(index).priority >= failFastPriority,
    );
  }

  /** Publishes what has not travelled with a batch. Failures leave it pending: the report says so. */
  async announceRest(): Promise<void> {
    for (let batch = this.#announcements.take(); batch.length > 0; batch = this.#announcements.take()) {
      try {
        const summary = `announce ${batch.length} ${batch.length === 1 ? 'outcome' : 'outcomes'}`;
        this.#announced(batch, await runBatch('publish', ANNOUNCER, summary, this.#inputOf([], batch)));
      } catch (error) {
        this.#announcements.putBack(batch);
        if (isCancellation(error)) throw error;
        return;
      }
    }
  }

  #rejectInvalid(): void {
    this.plan.intents.forEach((intent, index) => {
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
    const carrier = tier.lanes.find(({ activity }) => activity === ANNOUNCER)?.chunks[0];
    const announce = carrier === undefined ? [] : this.#announcements.take();
    const lanes = tier.lanes.map((lane) => this.#runLane(lane, (chunk) => (chunk === carrier ? announce : [])));
    if (lanes.length === 1) return lanes[0];
    // Settled, so that a cancelled lane does not leave the others unobserved.
    const failed = (await Promise.allSettled(lanes)).find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #runLane(lane: PlannedLane, announceWith: (chunk: PlannedChunk) => readonly Announcement[]): Promise<void> {
    for (const chunk of lane.chunks) {
      const announce = announceWith(chunk);
      try {
        const input = this.#inputOf(chunk.indexes, announce);
        const output = await runBatch(lane.policy, lane.activity, chunk.summary, input);
        this.#settleChunk(chunk, output);
        this.#announced(announce, output);
      } catch (error) {
        this.#announcements.putBack(announce);
        // Cancelled before it was scheduled: nothing happened. Once scheduled, an attempt may have had its effect.
        if (isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
        await this.#giveUp(lane, chunk, failureOf(error, lane));
        if (isCancellation(error)) throw error;
      }
      this.onProgress();
    }
  }

  /**
   * An activity that failed for good has not said that nothing happened: a late attempt may still be writing. So the store is
   * asked for the last word, also when the execution is cancelled.
   */
  async #giveUp(lane: PlannedLane, chunk: PlannedChunk, failure: Unsettled): Promise<void> {
    let verdict = failure;
    if (lane.settles === true) {
      try {
        const { activity } = lane;
        const input = {
          activity,
          items: this.#inputOf(chunk.indexes, []).items,
          failure: { error: failure.error, error_code: failure.errorCode },
        };
        const output = await CancellationScope.nonCancellable(() => settleBatch(chunk.summary, input));
        this.#settleChunk(chunk, output);
        return;
      } catch (error) {
        const reason = messageOf(error instanceof ActivityFailure ? error.cause : error);
        verdict = { ...failure, status: 'unknown', error: `${failure.error}; whether it happened: ${reason}` };
      }
    }
    for (const index of chunk.indexes) this.#settle(index, withoutEffect(this.#planned(index), verdict));
  }

  #inputOf(indexes: readonly number[], announce: readonly Announcement[]) {
    return {
      correlation_id: this.plan.correlation_id,
      page_bytes: this.plan.page_bytes,
      items: indexes.map((index) => ({ intent_id: this.#planned(index).id, intent: this.intents[index] })),
      ...(announce.length > 0 ? { announce } : {}),
    };
  }

  #settleChunk(chunk: PlannedChunk, output: BatchOutput): void {
    chunk.indexes.forEach((index, position) => {
      this.results[index] = output.results[position];
    });
    this.#announcements.add(output.announce);
  }

  #settle(index: number, result: IntentResult): void {
    this.results[index] = result;
    const event = result.status === 'skipped' ? null : operationFailed(result);
    if (event !== null) this.#announcements.add([{ ...event, intent_id: result.intent_id }]);
  }

  #skipRest(error: string): void {
    const verdict: Unsettled = { status: 'skipped', error, errorCode: 'SKIPPED', timestamp: now() };
    this.plan.intents.forEach((intent, index) => {
      if (this.results[index] === undefined) this.#settle(index, withoutEffect(intent, verdict));
    });
  }

  /** The list did not publish itself what it was to: then it is announced after all. */
  releaseHeldBack(): void {
    this.#announcements.releaseHeldBack((index) => this.results[index]?.success === true);
  }

  #announced(batch: readonly Announcement[], { not_announced = [] }: BatchOutput): void {
    for (const { intent_id } of batch) {
      if (not_announced.includes(intent_id)) continue;
      const index = this.#indexById.get(intent_id);
      const result = index === undefined ? undefined : this.results[index];
      if (index !== undefined && result?.['event_published'] === false) {
        this.results[index] = { ...result, event_published: true };
      }
    }
  }

  #planned(index: number) {
    const intent = this.plan.intents[index];
    if (intent === undefined) throw ApplicationFailure.nonRetryable(`the plan has no intent ${index}`, 'PlanError');
    return intent;
  }
}

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
