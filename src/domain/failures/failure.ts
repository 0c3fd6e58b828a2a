/**
 * Failure classes are the one vocabulary by which stores, activities and the workflow decide what a failure means.
 * Adapters translate a driver's error into a class; nothing else looks at driver errors.
 */
import type { Store } from './store.js';

/**
 * A failure class says what a failure means, and so how often the intent is tried again.
 * - `invalid`: the intent itself is at fault; it is never retried, and is isolated from its batch.
 * - `transient`: a retry is likely to help soon (deadlock, serialization, pool exhausted, leader change).
 * - `unavailable`: the store is down; the intent is retried as long as the outage budget lasts.
 * - `unknown`: the failure is any other; it gets three attempts (docs/seed.md).
 */
export type FailureClass = (typeof FAILURE_CLASSES)[number];

const FAILURE_CLASSES = ['invalid', 'transient', 'unavailable', 'unknown'] as const;

export const isFailureClass = (value: unknown): value is FailureClass => FAILURE_CLASSES.some((one) => one === value);

/** An `EffectError` is an error of an adapter with its class. `cause` keeps the driver's error. */
export class EffectError extends Error {
  override readonly name = 'EffectError';

  /** The store at fault; null when the error names none, and `storeAtFault` takes the one that was asked. */
  readonly store: Store | null;

  /**
   * Milliseconds for which the store will not be asked, because a breaker refused the call; null when the store was
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

/** Returns the store that a failure is counted for: the one that the error names, else the one that was asked. */
export const storeAtFault = (error: unknown, asked: Store): Store =>
  (error instanceof EffectError ? error.store : null) ?? asked;
