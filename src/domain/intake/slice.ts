/**
 * This module has what the intake hands to `ExecuteSliceWorkflow`, and what comes of it. All of it is plain data, free
 * of zod, because workflow code imports it.
 */
import type { BatchInput, BatchOutput, CompactResult } from '../execution/batch.js';
import type { LockWait } from '../intents/command.js';
import type { SliceList, Verdict } from './list.js';
import type { ParkedPage } from './ports.js';
import type { Report } from '../execution/report.js';
import type { Outcome } from '../intents/result.js';
import type { ListScope, Work } from '../execution/work.js';

/** A `SliceInput` has lists of one partition, in their order. */
export interface SliceInput {
  readonly lists: readonly SliceList[];
  /** Whether the lists are parked. They stay so when they cannot be executed this time either. */
  readonly parked?: boolean;
}

/** Levels of nesting in the input of a slice above the intents of a list: the input, its lists, and a list. */
export const SLICE_LEVELS = 3;

/**
 * The most intents of a slice. Temporal's work is per workflow: at 500 intents it hardly shows any more (9,500 to
 * 15,500 intents/s measured).
 */
export const SLICE_INTENTS = 500;
/**
 * Bytes of a slice's JSON: half of what a payload may hold (2 MB). So a slice of small lists starts and ends well under
 * it.
 */
export const SLICE_BYTES = 1_000_000;

/** A planned list is one list of a slice, with its position there. */
export interface PlannedList extends ListScope {
  /** Position of the list's first intent, among those of all the slice's lists. */
  readonly at: number;
  readonly event_id: string;
  /**
   * The reason why the whole list was rejected: it exceeds a limit, its `options` are invalid, or the ledger is pruned
   * past it.
   */
  readonly refused?: string;
  /** The first invalid intent of the list, and its reason. The list may be executed all the same, or wait. */
  readonly invalid?: string;
  /** Whether the list has a verdict, and is executed again (ADR 0032). */
  readonly rerun?: boolean;
  /**
   * The reason why the list is skipped. `answered`: its verdict is stored already. `repeats`: a list before it in the
   * slice is the same envelope. `parked`: it waits behind a parked list. `conflicts`: its event id belongs to another
   * list, as `invalid` says. `elsewhere`: another execution has the list, which a caller has started.
   */
  readonly skipped?: 'answered' | 'repeats' | 'parked' | 'conflicts' | 'elsewhere';
}

/** The plan of a slice has the intents of the lists that are executed, one list after the other. */
export interface SlicePlan extends Work {
  readonly lists: readonly PlannedList[];
  /** The lock wait: for how long locked rows are asked for. */
  readonly locks: LockWait;
}

/**
 * A draft is what the workflow knows of a verdict. The rest is in the slice, and in the worker that executed its
 * intents.
 */
export interface VerdictDraft {
  /** The number of the list in its slice. */
  readonly number: number;
  readonly outcome: Outcome;
  readonly error?: string;
  /** Results in the list's order. */
  readonly results: readonly CompactResult[];
  /** Indexes of the `results` whose event is published. */
  readonly announced?: readonly number[];
  /** As of the planned list. */
  readonly rerun?: boolean;
}

export interface AnswerInput {
  /** The key under which the slice is found. */
  readonly slice: string;
  /** Whether these are the last lists of the slice. */
  readonly last: boolean;
  readonly verdicts: readonly VerdictDraft[];
  /** Event ids whose verdict is stored: it is published again. */
  readonly repeats: readonly string[];
  /** Lists whose event id belongs to another list, by their numbers; they are answered, and no verdict is stored. */
  readonly conflicts?: readonly { readonly number: number; readonly error: string }[];
  /** Whether the lists were parked. */
  readonly parked?: boolean;
  /** Announcements that are published first, as with a batch. */
  readonly announce?: BatchInput['announce'];
  /** As of a batch. */
  readonly failing_since?: BatchInput['failing_since'];
}

export interface SliceActivities {
  /** Stores verdicts, then publishes INTENT_RESULT events of what is stored. */
  answerLists(input: AnswerInput): Promise<Pick<BatchOutput, 'not_announced'>>;
}

export interface ParkingActivities {
  /**
   * Stores lists that wait for a key, and wakes the execution that tries them again.
   * @param input.slice the key under which the slice is found.
   * @param input.numbers the numbers of the lists; workflows of before 2026-11-28 do not say.
   */
  parkLists(input: {
    readonly slice: string;
    readonly event_ids: readonly string[];
    readonly numbers?: readonly number[];
  }): Promise<void>;
}

/** @param input the partition, and `next` of the page before (0 for the first). */
export type TakeParkedActivity = (input: { readonly partition: string; readonly after: number }) => Promise<ParkedPage>;

/** `FoundVerdicts` are the stored verdicts on the lists that were asked for. */
export interface FoundVerdicts {
  readonly verdicts: readonly Verdict[];
  /** Event ids whose verdict is stored too but did not fit. */
  readonly left: readonly string[];
}

/** @param input `{event_ids}`. */
export type FindVerdictsActivity = (input: unknown) => Promise<FoundVerdicts>;

/** @param input.slice the key under which the slice is found, here or in the history of the execution that asks. */
export type PlanSliceActivity = (input: { readonly slice: string }) => Promise<SlicePlan>;

/** A `SliceReport` is the result of `ExecuteSliceWorkflow`. */
export interface SliceReport {
  readonly lists: number;
  /** Lists whose verdict was there before, or whose envelope is in the slice twice. */
  readonly repeated: number;
  /** Lists that wait for a key; they are answered by `ExecuteParkedListsWorkflow`. */
  readonly parked: number;
  readonly intents: number;
  /** Numbers of intents by status. */
  readonly counts: Report['counts'];
  /** Invalid lists. The field is absent when there are none, and in what an older worker reported. */
  readonly invalid?: readonly InvalidList[];
}

/** An invalid list was rejected, or holds an intent that was. */
export interface InvalidList {
  /** The number of the list in its slice. */
  readonly list: number;
  /**
   * The reason of the list, or of its first invalid intent:
   * `payload.intents[3]: payload.aggregation_id: expected a UUID, got number`.
   */
  readonly reason: string;
}

/** A `ParkedReport` is the result of `ExecuteParkedListsWorkflow`. */
export interface ParkedReport {
  /** Lists that have their verdict. */
  readonly answered: number;
}

/** Returns the workflow id of the execution that executes the parked lists of a partition. */
export const parkedRunOf = (partition: string): string => `${partition}/parked`;

/**
 * Returns the partition that a slice is of, which is named by the workflow id of its slices. Those of parked lists have
 * an id of their own: `{partition}/parked/slice`.
 */
export const partitionOf = (workflowId: string): string => workflowId.replace(/\/parked\/slice$/, '');

/** The signal that makes `ExecuteParkedListsWorkflow` look once more before it ends. */
export const PARKED_WAKE = 'wake';
