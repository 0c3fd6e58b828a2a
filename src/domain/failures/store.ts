/** This module names the stores whose failures differ, and has the texts by which results name them. */

/**
 * A store is a system whose state an effect changes or reads. Temporal counts as one, because activities ask it too.
 */
export type Store = 'postgres' | 'kafka' | 'temporal';

/** The `error_code` of a store's failures. Callers, histories and heartbeats hold these texts, so they stay. */
export const ERROR_CODES = {
  postgres: 'DATABASE_ERROR',
  kafka: 'KAFKA_ERROR',
  temporal: 'TEMPORAL_ERROR',
} as const satisfies Record<Store, string>;
