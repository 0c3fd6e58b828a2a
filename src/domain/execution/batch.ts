/**
 * This module has what a workflow hands to an activity and gets back. It is plain data, free of zod, because workflow
 * code imports it.
 */
import type { DerivedEvent } from '../intents/definition.js';
import type { Plan } from './plan.js';
import type { LockWait } from '../intents/command.js';
import type { BaseResult, IntentResult } from '../intents/result.js';

export interface BatchItem {
  readonly intent_id: string;
  /** The raw intent as it was sent: the activity parses it again. */
  readonly intent: unknown;
  /** The correlation id of the intent's list; default: the batch's. */
  readonly correlation_id?: string;
}

/** An announcement is a derived event on its way to a broker. It is published with a later batch. */
export interface Announcement extends DerivedEvent {
  /** The id of the intent that is announced. It makes the `event_id` stable. */
  readonly intent_id: string;
  /** The id of the cause of the event; default: the intent id. */
  readonly causation_id?: string;
  /** The correlation id of the intent's list; default: the batch's. */
  readonly correlation_id?: string;
  /** The `event_id`, where one of the intent id and the event type is not enough. */
  readonly event_id?: string;
}

/** The position of an intent is its index among the intents of all lists of its slice. */
export type Position = number;

/** These are the milliseconds that the batch of an intent took. */
export type Milliseconds = number;

/** `ListIntents` are the intents of a plain list, which travel with their batch. */
export interface ListIntents {
  readonly slice?: never;
  readonly items: readonly BatchItem[];
}

/**
 * `SliceIntents` are intents of a slice, which do not travel. The worker that has the slice finds them by their
 * positions.
 */
export interface SliceIntents {
  /** The key under which the slice is found. */
  readonly slice: string;
  readonly items: readonly Position[];
}

export type BatchIntents = ListIntents | SliceIntents;

/**
 * A `CompactAnnouncement` is an announcement as it travels: itself, or the position of an intent. The kept result of
 * that intent says what there is to announce.
 */
export type CompactAnnouncement = Announcement | Position;

/** `FailingSince` has the times since which stores fail, in milliseconds since the epoch, by their error codes. */
export type FailingSince = Readonly<Record<string, number>>;

/** A `CompactResult` is a result as it travels: itself, or the milliseconds of a kept result. */
export type CompactResult = IntentResult | Milliseconds;

export type BatchInput = BatchIntents & {
  readonly correlation_id: string;
  /** Bytes of JSON that one result may take. */
  readonly page_bytes: number;
  /** The lock wait of a slice's batch. A started list has none: its attempts fail while a row is locked. */
  readonly locks?: LockWait;
  /** Announcements to publish along with this batch; only the announcing activity gets any. */
  readonly announce?: readonly CompactAnnouncement[];
  /** Outages that the execution has met, and that have not ended for it. */
  readonly failing_since?: FailingSince;
};

export interface BatchOutput {
  /** Results in the order of the items; null for an item that was left out because its row is locked (`locks`). */
  readonly results: readonly (CompactResult | null)[];
  /** Announcements of these results. */
  readonly announce: readonly CompactAnnouncement[];
  /**
   * Ids of intents whose announcement came with this batch and is not on its topic: it is a dead letter, or was
   * refused.
   */
  readonly not_announced?: readonly string[];
}

/** Every intent activity has this one shape, so that the workflow can follow a plan without knowing the types. */
export type BatchActivity = (input: BatchInput) => Promise<BatchOutput>;

/** A `ResolveInput` has the intents of one chunk whose activity failed for good. */
export type ResolveInput = BatchIntents & {
  /** The activity that failed. */
  readonly activity: string;
  /** The `error`, `error_code`, `failure_class` and `execution_time_ms` for results of intents that had no effect. */
  readonly failure: Pick<BaseResult, 'failure_class'> & {
    readonly error: string;
    readonly error_code: string;
    /** Milliseconds from the start of the activity to its end; workflows of before 2026-11-27 do not say. */
    readonly elapsed_ms?: number;
  };
  /** As of a batch. */
  readonly failing_since?: FailingSince;
};

export type ResolveActivity = (input: ResolveInput) => Promise<BatchOutput>;

/** @param fresh whether nobody can have used the request id of the list. */
export type PlanActivity = (input: unknown, fresh?: boolean) => Promise<Plan>;

/** The activity that publishes events, and so the announcements too. */
export const ANNOUNCER = 'publishEvents';

/** The most announcements in one activity call: the same bound as for its intents. */
export const ANNOUNCEMENTS_PER_BATCH = 500;
