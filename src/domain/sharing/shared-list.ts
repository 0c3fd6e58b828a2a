/**
 * This module has what comes of lists that callers share an execution for (`ExecuteListsWorkflow`, ADR 0038). It is
 * plain data, free of zod, because workflow code and the client import it.
 */
import type { BatchOutput } from '../execution/batch.js';
import type { Report } from '../execution/report.js';
import type { Verdict } from '../intake/list.js';
import type { AnswerInput, PlannedList, SlicePlan } from '../intake/slice.js';

/** A `SharedList` is how one list of a shared execution ended. One of its optional fields says what came of it. */
export interface SharedList {
  readonly request_id: string;
  /** The event id that the list would be emitted under. Its verdict is stored by it. */
  readonly event_id: string;
  /** The report. It is absent where it did not fit, and is then the list's verdict. */
  readonly report?: Report;
  /** The reason why the whole list was rejected. */
  readonly refused?: string;
  /** The reason why the list was not executed: its request id belongs to another list. */
  readonly conflict?: string;
  /** The workflow id of the execution that has the list: its own, or one that was there before. */
  readonly workflow_id?: string;
}

/** Returns the report in a verdict, as a caller gets it. */
export function reportIn(verdict: Verdict): Report {
  const { request_id, workflow_id, outcome, counts, results, truncated } = verdict;
  return { request_id, workflow_id, outcome, counts, results, truncated };
}

/** A `SharedReport` is the result of `ExecuteListsWorkflow`, with a list for each of its input. */
export interface SharedReport {
  readonly lists: readonly SharedList[];
}

/** The query for the lists that have ended so far. It takes request ids; without them it is about all. */
export const REPORTS_QUERY = 'reports';

/** The signal that stops one list at the next batch boundary. It takes a request id. */
export const CANCEL_LIST_SIGNAL = 'cancelList';

/** The name of the workflow type. */
export const EXECUTE_LISTS = 'ExecuteListsWorkflow';

/** The memo that says that the client has made all the request ids of the lists, so that nobody has used one. */
export const FRESH_MEMO = 'fresh';

/** A planned list of a shared execution. */
export interface SharedPlannedList extends PlannedList {
  readonly request_id: string;
  /** The SHA-256 of the request, by which another one under its id is recognised. */
  readonly request_sha256: string;
  /** The workflow id of another execution that has the list; `skipped` is then `elsewhere`. */
  readonly elsewhere?: string;
}

export interface SharedPlan extends SlicePlan {
  readonly lists: readonly SharedPlannedList[];
}

/** The start of a shared execution, as its activities do not know it. */
export interface SharedStart {
  /** The key under which activities find the lists. */
  readonly slice: string;
  /** The time of the start, ISO 8601. */
  readonly started_at: string;
  /** Whether nobody can have used a request id of the lists. */
  readonly fresh: boolean;
}

/** A report of a list, by the list's number. */
export interface NumberedReport {
  readonly number: number;
  /** Absent where the reports of the call before it fill a payload. */
  readonly report?: Report;
  /** Bytes of the report's JSON. */
  readonly bytes: number;
}

export interface SharingActivities {
  /** Stores the verdicts of lists, and returns their reports. It publishes announcements, and no answer. */
  storeReports(
    input: AnswerInput,
  ): Promise<Pick<BatchOutput, 'not_announced'> & { readonly reports: readonly NumberedReport[] }>;
}

/** @param given the input of the workflow, which any client may start with anything. */
export type PlanListsActivity = (given: unknown, start?: SharedStart) => Promise<SharedPlan>;
