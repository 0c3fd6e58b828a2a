/**
 * This module makes results that are known without a store: of intents that were rejected, skipped, or failed as a
 * batch. It is free of zod, because workflow code imports it.
 */
import type { FailureClass } from '../failures/failure.js';
import type { PlannedIntent } from './plan.js';
import type { IntentResult, IntentStatus } from '../intents/result.js';

export interface NoEffect {
  readonly status: Extract<IntentStatus, 'failed' | 'skipped' | 'unknown'>;
  readonly error: string;
  /** `VALIDATION_ERROR`, `SKIPPED`, or the type's own code. */
  readonly errorCode: string;
  /** The class of a store's failure. */
  readonly failureClass?: FailureClass;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  /** Milliseconds from the start of the failed activity to its end; default 0: no activity was started. */
  readonly elapsedMs?: number;
}

export const withoutEffect = (intent: Pick<PlannedIntent, 'id' | 'type'>, outcome: NoEffect): IntentResult => ({
  intent_id: intent.id,
  intent_type: intent.type,
  status: outcome.status,
  success: false,
  error: outcome.error,
  error_code: outcome.errorCode,
  ...(outcome.failureClass === undefined ? {} : { failure_class: outcome.failureClass }),
  execution_time_ms: outcome.elapsedMs ?? 0,
  timestamp: outcome.timestamp,
});
