/**
 * This module has the list that an envelope brings to the intake, and its verdict. Both are plain data, free of zod,
 * because workflow code imports them.
 */
import type { Report } from '../execution/report.js';

/** A `SliceList` is the list of one envelope. */
export interface SliceList {
  /**
   * The event id of the envelope, in lower case. It is the scope of derived intent ids when there is no request id.
   */
  readonly event_id: string;
  /** The event id as its sender has written it; absent where that is lower case. */
  readonly written_event_id?: string;
  readonly correlation_id: string | null;
  /** The time at which the list was put on its topic, ISO 8601; absent where nobody knows it. */
  readonly emitted_at?: string;
  /** The offset of the list's message in its partition; absent where no message has brought it. */
  readonly offset?: string;
  readonly request_id?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Raw intents. An invalid one is reported by the workflow, and stops no neighbour. */
  readonly intents: readonly unknown[];
}

/** A verdict is the stored report of a list. It is published as the payload of INTENT_RESULT. */
export interface Verdict extends Report {
  /** The event id of the envelope that brought the list: in lower case as it is stored, as written in an answer. */
  readonly event_id: string;
  /** The correlation id of the list, and of INTENT_RESULT too. */
  readonly correlation_id: string;
  /** The reason why nothing of the list was executed; absent otherwise. */
  readonly error?: string;
  /** The time, ISO 8601, at which the list was put on its topic for this run; absent for the first run. */
  readonly rerun_at?: string;
  /** Whether a caller started the list in a shared execution. Its verdict is stored, and is on no topic (ADR 0038). */
  readonly shared?: true;
}

/** An answered list is what is stored of a list beside its verdict. Times are ISO 8601. */
export interface AnsweredList {
  /** The list hash; null where none is stored. */
  readonly list_hash: string | null;
  /** Whether nothing of the list can be executed again. */
  readonly final: boolean;
  /** The time at which the list was put on its topic first; null when nobody knows it. */
  readonly emitted_at: string | null;
  /** The time at which it was put there for its latest run; null for the first run. */
  readonly rerun_at: string | null;
}

/** Returns the list hashes of answered lists. */
export const hashesOf = (answered: ReadonlyMap<string, AnsweredList>): ListHashes =>
  new Map([...answered].map(([eventId, { list_hash }]) => [eventId, list_hash]));

/** Returns whether nothing of a list can be executed again: all of it has succeeded, or it was rejected. */
export const isFinal = ({ outcome, error }: Pick<Verdict, 'outcome' | 'error'>): boolean =>
  outcome === 'completed' || error !== undefined;

/**
 * Returns whether a list is to be executed again: it is unfinished, and was put on its topic after its latest run was.
 * A redelivery of the same message does not count. Lists behind it have been executed since, and it would come after
 * them.
 */
export function isRerun(
  answered: AnsweredList | undefined,
  { emitted_at: now }: Pick<SliceList, 'emitted_at'>,
): boolean {
  if (answered?.final !== false) return false;
  const before = answered.rerun_at ?? answered.emitted_at;
  return now !== undefined && (before === null || Date.parse(now) > Date.parse(before));
}

/** A conflict is a list under an event id that belongs to another list. Its answer is published, and not stored. */
export interface Conflict extends Verdict {
  readonly conflict: {
    readonly list_hash: string;
    /** The partition of the list's message, by the workflow id of its slices. */
    readonly partition: string;
    readonly offset?: string;
  };
}

/** List hashes by event id; null where none is stored, which counts as equal to any. */
export type ListHashes = ReadonlyMap<string, string | null>;

/** Returns a verdict with the event id as somebody has written it, also where it serves as the correlation id. */
export const asWritten = <V extends Pick<Verdict, 'event_id' | 'correlation_id'>>(verdict: V, eventId: string): V => ({
  ...verdict,
  event_id: eventId,
  ...(verdict.correlation_id.toLowerCase() === eventId.toLowerCase() ? { correlation_id: eventId } : {}),
});

/** The largest verdict, in bytes of JSON. With its envelope it is a message under the 1 MiB that a topic takes. */
export const VERDICT_BYTES = 900_000;
