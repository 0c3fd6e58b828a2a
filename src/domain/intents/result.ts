/**
 * Outcomes of intents: what the report tells the orchestrator of each, and of the list.
 * Shapes follow the seed (section 6.2 and the per-intent output structures) plus `intent_id` and `status`.
 */
import type { FailureClass } from '../failures/failure.js';

/** How an intent ended. `success` is true for `succeeded` and `dead_lettered` only. */
export type IntentStatus = 'succeeded' | 'failed' | 'skipped' | 'dead_lettered' | 'unknown';

/** Fields every result has, whatever the intent type. */
export interface BaseResult {
  readonly intent_id: string;
  readonly intent_type: string;
  readonly status: IntentStatus;
  readonly success: boolean;
  /** Why it did not succeed, with the field's path where a field is at fault; null on success. */
  readonly error: string | null;
  /** `VALIDATION_ERROR`, `SKIPPED`, or the store at fault, e.g. `DATABASE_ERROR`; absent on success. */
  readonly error_code?: string;
  /** Of a store's failure, e.g. `unavailable`: it was down. Absent where no store has failed, or nobody knows in what way. */
  readonly failure_class?: FailureClass;
  /** Time the effect took in the activity, in milliseconds; 0 when no effect was attempted. */
  readonly execution_time_ms: number;
  /** When the outcome was settled, ISO 8601 in UTC. A repeat returns the first outcome's time. */
  readonly timestamp: string;
}

/** One intent's result: the base fields and those of its type. */
export type IntentResult = BaseResult & Readonly<Record<string, unknown>>;

/** How the whole list ended. */
export type Outcome = 'completed' | 'partial' | 'failed' | 'cancelled';
