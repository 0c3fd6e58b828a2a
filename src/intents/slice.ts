/** What the intake hands to `ExecuteSliceWorkflow`, and what comes of it. Plain data, free of zod: workflow code imports it. */
import type { Report } from './report.js';
import type { ListScope, Work } from './work.js';

/** The list of an envelope. */
export interface SliceList {
  /** Of the envelope: the scope of derived intent ids when there is no request id. */
  readonly event_id: string;
  readonly correlation_id: string | null;
  readonly request_id?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Raw: an invalid one is reported by the workflow and stops no neighbour. */
  readonly intents: readonly unknown[];
}

/** Lists of one partition, in their order. */
export interface SliceInput {
  readonly lists: readonly SliceList[];
}

/** One list of a slice, at the place it has there. */
export interface PlannedList extends ListScope {
  /** Index of its first intent among those of all the slice's lists. */
  readonly at: number;
  readonly event_id: string;
  readonly request_id: string;
  /** Why nothing of it is run: it is over a limit, or its options are none. */
  readonly refused?: string;
  /** `answered`: its verdict is stored already; `repeats`: a list before it in the slice is the same envelope. */
  readonly skipped?: 'answered' | 'repeats';
}

/** The intents are those of the lists that are run, one list after the other. */
export interface SlicePlan extends Work {
  readonly lists: readonly PlannedList[];
}

/** How a list ended, as it is stored and, as the payload of INTENT_RESULT, published. */
export interface Verdict extends Report {
  /** Of the envelope that brought the list. */
  readonly event_id: string;
  /** Of the list; of INTENT_RESULT too. */
  readonly correlation_id: string;
  /** Why nothing of the list was run; absent otherwise. */
  readonly error?: string;
}

export interface AnswerInput {
  /** By which the slice is found. */
  readonly slice: string;
  /** True for the last lists of the slice. */
  readonly last: boolean;
  readonly verdicts: readonly Verdict[];
  /** Event ids whose verdict is stored: it is published again. */
  readonly repeats: readonly string[];
}

export interface SliceActivities {
  /** Stores verdicts, then publishes INTENT_RESULT events of what is stored. */
  answerLists(input: AnswerInput): Promise<void>;
}

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
  readonly intents: number;
  /** Intents by status. */
  readonly counts: Report['counts'];
}

/** Most that a verdict takes, in bytes of JSON: with its envelope it is a message under the 1 MiB a topic takes. */
export const VERDICT_BYTES = 900_000;
