/**
 * This module has the types that `PruneLedgerWorkflow` and its activity share. It is free of zod, because workflow code
 * imports it.
 */
import type { LedgerPruned } from './port.js';

export interface PruneRequest {
  /** The time, ISO 8601, before which recorded rows are deleted; null: now less the retention. */
  readonly before: string | null;
  /** The `next` of the page before, ISO 8601; null for the first. */
  readonly after: string | null;
}

export type PruneActivity = (request: PruneRequest) => Promise<LedgerPruned>;

/** A `PruneReport` counts the rows that a prune deleted. */
export interface PruneReport {
  /** Ledger rows. */
  readonly deleted: number;
  /** Redriven dead letters. */
  readonly letters_deleted: number;
  /** Marks of swept executions. */
  readonly marks_deleted: number;
  /** Verdicts on lists of the intake. */
  readonly verdicts_deleted: number;
  /** The time, ISO 8601 UTC, before which recorded rows may be gone; null when the ledger is kept for ever. */
  readonly pruned_before: string | null;
}
