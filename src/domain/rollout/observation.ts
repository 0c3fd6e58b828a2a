/** This module makes observations: what a list that has ended says about its path. It is pure. */
import { ERROR_CODES } from '../failures/store.js';
import type { IntentResult } from '../intents/result.js';

export type Path = 'new' | 'legacy';

/** An observation is of one list that has ended. */
export interface Observation {
  readonly path: Path;
  /** Milliseconds. */
  readonly durationMs: number;
  /** Intents that were tried: without those skipped, and without invalid ones, which are their sender's fault. */
  readonly intents: number;
  readonly errors: number;
  /** PublishEvents among the intents. */
  readonly publishes: number;
  /** Events that are not on their topic: failed or dead-lettered. */
  readonly publishFailures: number;
  readonly databaseFailure: boolean;
}

type Ended = Pick<IntentResult, 'intent_type' | 'status'> & {
  readonly error_code?: unknown;
  readonly failure_class?: unknown;
};

export function observe(results: readonly Ended[], durationMs: number): Observation {
  const tried = results.filter((result) => result.status !== 'skipped' && !isSendersFault(result));
  const failed = tried.filter(({ status }) => status === 'failed' || status === 'unknown');
  const publishes = tried.filter(({ intent_type }) => intent_type === 'PublishEvent');
  return {
    path: 'new',
    durationMs,
    intents: tried.length,
    errors: failed.length,
    publishes: publishes.length,
    publishFailures: publishes.filter(({ status }) => status !== 'succeeded').length,
    // The code alone names only the store: a deadlock or a missing permission has the same code.
    databaseFailure: failed.some(
      ({ error_code, failure_class }) => error_code === ERROR_CODES.postgres && failure_class === 'unavailable',
    ),
  };
}

/** Returns whether the intent itself is at fault: the service has refused it, or a store has. */
const isSendersFault = ({ error_code, failure_class }: Ended): boolean =>
  error_code === 'VALIDATION_ERROR' || failure_class === 'invalid';

/**
 * Observes a list without results: all its intents count as failed when its path threw. An empty list counts as one
 * intent, or it would count as nothing.
 */
export const observeWhole = (path: Path, durationMs: number, intents: number, failed: boolean): Observation => ({
  path,
  durationMs,
  intents: Math.max(1, intents),
  errors: failed ? Math.max(1, intents) : 0,
  publishes: 0,
  publishFailures: 0,
  databaseFailure: false,
});
