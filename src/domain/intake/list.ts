/**
 * This module has the list that an envelope brings to the intake, and its verdict. Both are plain data, free of zod,
 * because workflow code imports them.
 */
import type { Report } from '../execution/report.js';

/** A `SliceList` is the list of one envelope. */
export interface SliceList {
  /** The event id of the envelope. It is the scope of derived intent ids when there is no request id. */
  readonly event_id: string;
  readonly correlation_id: string | null;
  /** The time at which the list was put on its topic, ISO 8601; absent where nobody knows it. */
  readonly emitted_at?: string;
  readonly request_id?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Raw intents. An invalid one is reported by the workflow, and stops no neighbour. */
  readonly intents: readonly unknown[];
}

/** A verdict is the stored report of a list. It is published as the payload of INTENT_RESULT. */
export interface Verdict extends Report {
  /** The event id of the envelope that brought the list. */
  readonly event_id: string;
  /** The correlation id of the list, and of INTENT_RESULT too. */
  readonly correlation_id: string;
  /** The reason why nothing of the list was executed; absent otherwise. */
  readonly error?: string;
  /** The time, ISO 8601, at which the list was put on its topic for this run; absent for the first run. */
  readonly rerun_at?: string;
}

/** An answered list is what is stored of a list beside its verdict. Times are ISO 8601. */
export interface AnsweredList {
  /** Whether nothing of the list can be executed again. */
  readonly final: boolean;
  /** The time at which the list was put on its topic first; null when nobody knows it. */
  readonly emitted_at: string | null;
  /** The time at which it was put there for its latest run; null for the first run. */
  readonly rerun_at: string | null;
}

/** Returns whether nothing of a list can be executed again: all of it has succeeded, or it was rejected. */
export const isFinal = ({ outcome, error }: Pick<Verdict, 'outcome' | 'error'>): boolean =>
  outcome === 'completed' || error !== undefined;

/**
 * Returns whether a list is to be executed again: it is unfinished, and was put on its topic after its latest run was.
 * A redelivery of the same message does not count. Lists behind it have been executed since, and it would come after
 * them.
 */
export function isRerun(
  { final, emitted_at, rerun_at }: AnsweredList,
  { emitted_at: now }: Pick<SliceList, 'emitted_at'>,
): boolean {
  const before = rerun_at ?? emitted_at;
  return !final && now !== undefined && (before === null || Date.parse(now) > Date.parse(before));
}

/** The largest verdict, in bytes of JSON. With its envelope it is a message under the 1 MiB that a topic takes. */
export const VERDICT_BYTES = 900_000;
