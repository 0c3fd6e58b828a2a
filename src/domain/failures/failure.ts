/**
 * Failure classes: the one vocabulary that stores, activities and the workflow use to decide what a failure
 * means. Adapters translate a driver's error into a class; nothing else looks at driver errors.
 */
import type { Store } from './store.js';

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

  /** The store at fault. Null: the error names none, and `storeAtFault` takes the one that was asked. */
  readonly store: Store | null;

  /**
   * Milliseconds for which the store will not be asked: a call that a circuit breaker refused. Null: the store was
   * asked.
   */
  readonly retryAfterMs: number | null;

  constructor(
    readonly failureClass: FailureClass,
    message: string,
    options: ErrorOptions & { readonly store?: Store; readonly retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.store = options.store ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** The store that a failure is counted for: the one that the error names, else the one that was asked. */
export const storeAtFault = (error: unknown, asked: Store): Store =>
  (error instanceof EffectError ? error.store : null) ?? asked;
