/**
 * The limits of one list. The server refuses payloads over 2 MB; the rest of the gap is for the plan and the envelope.
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
 * Largest report, in bytes of JSON: under the 2 MB of a payload, because an oversize completion would never complete.
 */
export const REPORT_BYTES = 1_500_000;

/**
 * Most that a result of fixed size takes in a report: the longest of them is a publish result under a long topic
 * prefix.
 */
const RESULT_BYTES = 500;
/** Longest cursor of a page of states. Ours take 2,300 characters; those of before 2026-11-27 had up to 4,300. */
export const CURSOR_LENGTH = 5_000;
/** Characters of a page's warnings: ten workflow ids, and what befell the page; 800 at most. */
const WARNING_LENGTH = 1_000;
/** Most that a paged result takes beside its page. */
const PAGED_RESULT_BYTES = RESULT_BYTES + CURSOR_LENGTH + WARNING_LENGTH;

/** A page is never smaller than this: it holds some forty states. */
const SMALLEST_PAGE = 10_000;

/** Bytes of JSON each of `paged` results may take, so that the report of a list of `intents` still fits a payload. */
export const pageBytes = (intents: number, paged: number, reportBytes = REPORT_BYTES): number =>
  Math.max(
    SMALLEST_PAGE,
    Math.floor((reportBytes - RESULT_BYTES * (intents - paged)) / Math.max(1, paged)) - PAGED_RESULT_BYTES,
  );

/** Largest page there is: that of a list with one intent. */
export const LARGEST_PAGE = pageBytes(1, 1);

/** A list over its limits, refused before anything runs. */
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

/** Bytes of a value's JSON in UTF-8. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
