/** What one list may hold. The server refuses payloads over 2 MB; the rest of the gap is for the plan and the envelope. */
export interface ListLimits {
  readonly intents: number;
  /** Bytes of the list's JSON. */
  readonly bytes: number;
  /** Distinct priorities: each is a round trip of its own. */
  readonly priorities: number;
  /** Levels of nesting inside an intent. */
  readonly depth: number;
}

export const DEFAULT_LIMITS: ListLimits = { intents: 2_000, bytes: 1_500_000, priorities: 32, depth: 64 };

/** Largest report, in bytes of JSON: under the 2 MB of a payload, because an oversize completion would never complete. */
export const REPORT_BYTES = 1_500_000;

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
