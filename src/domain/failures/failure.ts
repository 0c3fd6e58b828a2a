/**
 * Failure classes: the one vocabulary that stores, activities and the workflow use to decide what a failure
 * means. Adapters translate a driver's error into a class; nothing else looks at driver errors.
 */

/**
 * - `invalid`: the intent itself is wrong; never retried, isolated from its batch.
 * - `transient`: a retry is likely to help soon (deadlock, serialization, pool exhausted, leader change).
 * - `unavailable`: the store is down; retried as long as the outage budget lasts.
 * - `unknown`: anything else; three attempts (docs/seed.md).
 */
export type FailureClass = (typeof FAILURE_CLASSES)[number];

const FAILURE_CLASSES = ['invalid', 'transient', 'unavailable', 'unknown'] as const;

export const isFailureClass = (value: unknown): value is FailureClass => FAILURE_CLASSES.some((one) => one === value);

/** An error of an adapter, with its class. `cause` keeps the driver's error. */
export class EffectError extends Error {
  override readonly name = 'EffectError';

  /** `error_code` of results that fail with it, e.g. `KAFKA_ERROR`: the store at fault. Null: the intent type's own code. */
  readonly code: string | null;

  /** Milliseconds for which the store will not be asked: a call that a circuit breaker refused. Null: the store was asked. */
  readonly retryAfterMs: number | null;

  constructor(
    readonly failureClass: FailureClass,
    message: string,
    options: ErrorOptions & { readonly code?: string; readonly retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.code = options.code ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
