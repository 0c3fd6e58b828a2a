/** What `PruneLedgerWorkflow` and its activity say to each other. Free of zod: workflow code imports it. */
import type { LedgerPruned } from './port.js';

export interface PruneRequest {
  /** Rows recorded before this time go, ISO 8601; null: what the retention says now. */
  readonly before: string | null;
  /** Where the page before ended, ISO 8601; null for the first. */
  readonly after: string | null;
}

export type PruneActivity = (request: PruneRequest) => Promise<LedgerPruned>;

/** What pruning came to. */
export interface PruneReport {
  /** Ledger rows. */
  readonly deleted: number;
  /** Redriven dead letters. */
  readonly letters_deleted: number;
  /** Marks of swept executions. */
  readonly marks_deleted: number;
  /** Verdicts on lists of the intake. */
  readonly verdicts_deleted: number;
  /** Rows recorded before this time may be gone, ISO 8601 UTC; null when the ledger is kept for ever. */
  readonly pruned_before: string | null;
}
