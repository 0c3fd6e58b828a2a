/**
 * What the intake hands to `ExecuteSliceWorkflow`, and what comes of it. Plain data, free of zod: workflow code imports
 * it.
 */
import type { BatchInput, BatchOutput, CompactResult } from '../execution/batch.js';
import type { LockWait } from '../intents/command.js';
import type { SliceList, Verdict } from './list.js';
import type { ParkedPage } from './ports.js';
import type { Report } from '../execution/report.js';
import type { Outcome } from '../intents/result.js';
import type { ListScope, Work } from '../execution/work.js';

/** Lists of one partition, in their order. */
export interface SliceInput {
  readonly lists: readonly SliceList[];
  /** True for lists that are parked, and stay so when they cannot be executed this time either. */
  readonly parked?: boolean;
}

/** Temporal's work is per workflow: at 500 intents it hardly shows any more (9,500 to 15,500 intents/s measured). */
export const SLICE_INTENTS = 500;
/**
 * Bytes of JSON: half of what a payload may hold (2 MB), so that a slice of small lists starts and ends well under it.
 */
export const SLICE_BYTES = 1_000_000;

/** One list of a slice, with its position there. */
export interface PlannedList extends ListScope {
  /** Index of its first intent among those of all the slice's lists. */
  readonly at: number;
  readonly event_id: string;
  /** Why the whole list was rejected: it exceeds a limit, or its `options` are invalid. */
  readonly refused?: string;
  /** The first of its intents that is invalid, and why; the list may be run all the same, or wait. */
  readonly invalid?: string;
  /**
   * `answered`: its verdict is stored already; `repeats`: a list before it in the slice is the same envelope; `parked`:
   * it queues behind a parked list.
   */
  readonly skipped?: 'answered' | 'repeats' | 'parked';
}

/** The intents are those of the lists that are run, one list after the other. */
export interface SlicePlan extends Work {
  readonly lists: readonly PlannedList[];
  /** How long its statements wait for rows that others hold. */
  readonly locks: LockWait;
}

/** A draft is what the workflow knows of a verdict: the rest is in the slice, and where its intents were executed. */
export interface VerdictDraft {
  /** Of the slice's lists. */
  readonly number: number;
  readonly outcome: Outcome;
  readonly error?: string;
  /** In the list's order. */
  readonly results: readonly CompactResult[];
  /** Those of `results` whose event is published. */
  readonly announced?: readonly number[];
}

export interface AnswerInput {
  /** By which the slice is found. */
  readonly slice: string;
  /** True for the last lists of the slice. */
  readonly last: boolean;
  readonly verdicts: readonly VerdictDraft[];
  /** Event ids whose verdict is stored: it is published again. */
  readonly repeats: readonly string[];
  /** True when they were parked. */
  readonly parked?: boolean;
  /** Published first; as for a batch. */
  readonly announce?: BatchInput['announce'];
}

export interface SliceActivities {
  /** Stores verdicts, then publishes INTENT_RESULT events of what is stored. */
  answerLists(input: AnswerInput): Promise<Pick<BatchOutput, 'not_announced'>>;
}

export interface ParkingActivities {
  /**
   * Stores lists that wait for a key, and wakes the execution that tries them again.
   * @param input.slice by which the slice is found.
   */
  parkLists(input: { readonly slice: string; readonly event_ids: readonly string[] }): Promise<void>;
}

/** @param input the partition, and `next` of the page before (0 for the first). */
export type TakeParkedActivity = (input: { readonly partition: string; readonly after: number }) => Promise<ParkedPage>;

/** What is stored about the lists that were asked for. */
export interface FoundVerdicts {
  readonly verdicts: readonly Verdict[];
  /** Event ids whose verdict is stored too and did not fit. */
  readonly left: readonly string[];
}

/** @param input `{event_ids}`. */
export type FindVerdictsActivity = (input: unknown) => Promise<FoundVerdicts>;

/** @param slice by which it is found, here or in the history of the execution that asks. */
export type PlanSliceActivity = (input: { readonly slice: string }) => Promise<SlicePlan>;

/** The workflow's result. */
export interface SliceReport {
  readonly lists: number;
  /** Lists whose verdict was there before. */
  readonly repeated: number;
  /** Lists that wait for a key; they are answered by `ExecuteParkedListsWorkflow`. */
  readonly parked: number;
  readonly intents: number;
  /** Intents by status. */
  readonly counts: Report['counts'];
  /** Absent when there are none, and in what an older worker reported. */
  readonly invalid?: readonly InvalidList[];
}

/** A list that was refused, or holds an intent that was. */
export interface InvalidList {
  /** Its number in the slice. */
  readonly list: number;
  /** Of the first: `payload.intents[3]: payload.aggregation_id: expected a UUID, got number`. */
  readonly reason: string;
}

/** What `ExecuteParkedListsWorkflow` did. */
export interface ParkedReport {
  /** Lists that have their verdict. */
  readonly answered: number;
}

/** Signal that tells it to look once more before it ends. */
export const PARKED_WAKE = 'wake';
