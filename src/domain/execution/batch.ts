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

export interface BatchInput {
  readonly correlation_id: string;
  /** By which the slice of the items is found; absent when they bring their intents. */
  readonly slice?: string;
  /** A number is the position of a slice's intent. */
  readonly items: readonly (BatchItem | number)[];
  /** Bytes of JSON that one result may take. */
  readonly page_bytes: number;
  /** Default `patient`. */
  readonly locks?: LockWait;
  /**
   * Published along with this batch; only the announcing activity gets any. A number is the position of a slice's intent,
   * whose result says what there is to announce.
   */
  readonly announce?: readonly (Announcement | number)[];
}

export interface BatchOutput {
  /**
   * One entry per item: the result; `null` if the item was left out because its row is locked (`locks`); a number, the
   * milliseconds it took, for a success of a slice's intent, whose result is found by its position.
   */
  readonly results: readonly (IntentResult | number | null)[];
  /** The announcements of these results; a number is the position of a slice's intent that the workflow need not look at. */
  readonly announce: readonly (Announcement | number)[];
  /** Intents whose announcement came with this batch and is not on its topic: it is a dead letter, or was refused. */
  readonly not_announced?: readonly string[];
}

/** Every intent activity has this one shape, so that the workflow can follow a plan without knowing the types. */
export type BatchActivity = (input: BatchInput) => Promise<BatchOutput>;

/** Intents of one chunk whose activity failed for good. */
export interface ResolveInput extends Pick<BatchInput, 'items' | 'slice'> {
  /** The activity that failed. */
  readonly activity: string;
  /** What becomes the `error`, `error_code` and `failure_class` of those that had no effect. */
  readonly failure: Pick<BaseResult, 'failure_class'> & { readonly error: string; readonly error_code: string };
}

export type ResolveActivity = (input: ResolveInput) => Promise<BatchOutput>;

export type PlanActivity = (input: unknown) => Promise<Plan>;

/** The activity that publishes events, and so the announcements too. */
export const ANNOUNCER = 'publishEvents';

/** Announcements in one activity call: the same bound as its intents. */
export const ANNOUNCEMENTS_PER_BATCH = 500;
