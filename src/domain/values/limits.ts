/**
 * These are the limits of one list. Temporal's server refuses payloads over 2 MB; the bytes up to that are for the plan
 * and the envelope.
 */
export interface ListLimits {
  readonly intents: number;
  /** Bytes of the list's JSON. */
  readonly bytes: number;
  /** Distinct priorities: each is a round trip of its own. */
  readonly priorities: number;
  /** Intents whose result is a page of any size (RecoverFSMStates): 10 to 16 KB each in a verdict of 900 KB. */
  readonly pages: number;
  /** Levels of nesting inside an intent. */
  readonly depth: number;
}

export const DEFAULT_LIMITS: ListLimits = { intents: 2_000, bytes: 1_500_000, priorities: 32, pages: 50, depth: 64 };

/**
 * The largest report, in bytes of JSON. It is under the 2 MB of a payload, because an oversize completion would never
 * complete.
 */
export const REPORT_BYTES = 1_500_000;

/**
 * The most bytes that a result of fixed size takes in a report. The longest of them is a publish result under a long
 * topic prefix.
 */
const RESULT_BYTES = 500;
/**
 * The longest cursor of a page of states, in characters. Cursors take 2,300 now; those of before 2026-11-27 had up to
 * 4,300.
 */
export const CURSOR_LENGTH = 5_000;
/** Characters of a page's warnings. Ten workflow ids, and what befell the page, take 800 at most. */
const WARNING_LENGTH = 1_000;
/** The most bytes that a paged result takes beside its page. */
const PAGED_RESULT_BYTES = RESULT_BYTES + CURSOR_LENGTH + WARNING_LENGTH;

/** Bytes of the smallest page, which holds some forty states. */
const SMALLEST_PAGE = 10_000;

/**
 * Returns the bytes of JSON that each of `paged` results may take. With them the report of a list of `intents` still
 * fits a payload.
 */
export const pageBytes = (intents: number, paged: number, reportBytes = REPORT_BYTES): number =>
  Math.max(
    SMALLEST_PAGE,
    Math.floor((reportBytes - RESULT_BYTES * (intents - paged)) / Math.max(1, paged)) - PAGED_RESULT_BYTES,
  );

/** Bytes of the largest page there is: that of a list with one intent. */
export const LARGEST_PAGE = pageBytes(1, 1);

/** A `LimitError` says which limit a list is over. Such a list is refused before anything runs. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
}

/** @throws LimitError naming the limit, what was given and what is allowed. */
export function checkLimits(intents: readonly unknown[], limits: ListLimits = DEFAULT_LIMITS): void {
  if (intents.length > limits.intents) {
    throw new LimitError(
      `intents: the list holds ${intents.length} intents, the limit is ${limits.intents}; split it into several lists`,
    );
  }
  const bytes = jsonBytes(intents);
  if (bytes > limits.bytes) {
    throw new LimitError(
      `intents: the list is ${bytes} bytes of JSON, the limit is ${limits.bytes}; split it into several lists`,
    );
  }
}

/** Returns the bytes of a value's JSON in UTF-8. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
