/** What the workflow hands to an activity and gets back. Plain data, free of zod: workflow code imports it. */
import type { DerivedEvent } from '../intents/definition.js';
import type { Plan } from './plan.js';
import type { LockWait } from '../intents/command.js';
import type { BaseResult, IntentResult } from '../intents/result.js';

export interface BatchItem {
  readonly intent_id: string;
  /** The raw intent as it was sent: the activity parses it again. */
  readonly intent: unknown;
  /** Of its list; default: the batch's. */
  readonly correlation_id?: string;
}

/** An event on its way to be published with a later batch. */
export interface Announcement extends DerivedEvent {
  /** The intent it announces; makes its `event_id` stable. */
  readonly intent_id: string;
  /** Of the intent's list; default: the batch's. */
  readonly correlation_id?: string;
}

/** The position of an intent: its index among the intents of all lists of its slice. */
export type Position = number;

/** The milliseconds that the batch of an intent took. */
export type Milliseconds = number;

/** Intents that travel with their batch: those of a plain list. */
export interface ListIntents {
  readonly slice?: never;
  readonly items: readonly BatchItem[];
}

/** Intents of a slice. They do not travel: the worker that has the slice finds them by their positions. */
export interface SliceIntents {
  /** The key under which the slice is found. */
  readonly slice: string;
  readonly items: readonly Position[];
}

export type BatchIntents = ListIntents | SliceIntents;

/**
 * An announcement as it travels: itself, or the position of an intent whose kept result says what there is to announce.
 */
export type CompactAnnouncement = Announcement | Position;

/** A result as it travels: itself, or the milliseconds of a kept one. */
export type CompactResult = IntentResult | Milliseconds;

export type BatchInput = BatchIntents & {
  readonly correlation_id: string;
  /** Bytes of JSON that one result may take. */
  readonly page_bytes: number;
  /** Default `patient`. */
  readonly locks?: LockWait;
  /** Published along with this batch; only the announcing activity gets any. */
  readonly announce?: readonly CompactAnnouncement[];
};

export interface BatchOutput {
  /** In the order of the items; null for one that was left out because its row is locked (`locks`). */
  readonly results: readonly (CompactResult | null)[];
  /** What to announce of these results. */
  readonly announce: readonly CompactAnnouncement[];
  /** Intents whose announcement came with this batch and is not on its topic: it is a dead letter, or was refused. */
  readonly not_announced?: readonly string[];
}

/** Every intent activity has this one shape, so that the workflow can follow a plan without knowing the types. */
export type BatchActivity = (input: BatchInput) => Promise<BatchOutput>;

/** Intents of one chunk whose activity failed for good. */
export type ResolveInput = BatchIntents & {
  /** The activity that failed. */
  readonly activity: string;
  /** What becomes the `error`, `error_code` and `failure_class` of those that had no effect. */
  readonly failure: Pick<BaseResult, 'failure_class'> & { readonly error: string; readonly error_code: string };
};

export type ResolveActivity = (input: ResolveInput) => Promise<BatchOutput>;

export type PlanActivity = (input: unknown) => Promise<Plan>;

/** The activity that publishes events, and so the announcements too. */
export const ANNOUNCER = 'publishEvents';

/** Announcements in one activity call: the same bound as its intents. */
export const ANNOUNCEMENTS_PER_BATCH = 500;
