import { ERROR_CODES } from '../failures/store.js';
import type { DerivedEvent } from './definition.js';
import type { IntentResult } from './result.js';

/** Returns the name of a type in the upstream enumeration: `PersistFSMTransition` -> `PERSIST_FSM_TRANSITION`. */
export const enumName = (intentType: string): string =>
  intentType
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toUpperCase();

/**
 * Makes the OPERATION_FAILED of a result (docs/intents.md). It returns null for a broker's failure, because announcing
 * it through the same broker would recurse.
 */
export const operationFailed = (result: IntentResult): DerivedEvent | null =>
  result['error_code'] === ERROR_CODES.kafka
    ? null
    : {
        event_type: 'OPERATION_FAILED',
        partition_key: null,
        payload: {
          intent_type: enumName(result.intent_type),
          error_code: result['error_code'] ?? 'UNKNOWN_ERROR',
          error_message: result.error,
          timestamp: result.timestamp,
        },
      };
