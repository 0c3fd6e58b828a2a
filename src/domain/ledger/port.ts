/** The ledger: which intents have had their effect, and for how long that is kept. */

/** What the ledger remembers of an intent that had its effect. */
export interface LedgerRecord {
  readonly intent_id: string;
  readonly intent_type: string;
  readonly payload_hash: string;
  readonly execution_id: string;
  readonly result: Readonly<Record<string, unknown>>;
  readonly settled_at: string;
}

/** The ledger, for effects that cannot share a transaction with it (Kafka), and for reading stored outcomes. */
export interface Ledger {
  find(intentIds: readonly string[]): Promise<ReadonlyMap<string, LedgerRecord>>;
  /**
   * Insert, on conflict do nothing: the first outcome stays.
   * @returns the rows that stayed, by id: somebody was faster, be it with another payload.
   */
  record(records: readonly Omit<LedgerRecord, 'settled_at'>[]): Promise<ReadonlyMap<string, LedgerRecord>>;
  /**
   * Keeps these intents from having their effect in this execution any more, by a tombstone each. Waits for a
   * transaction that is executing one. @returns the records of those that had their effect already, which stay.
   */
  giveUp(intents: readonly GivenUp[]): Promise<ReadonlyMap<string, LedgerRecord>>;
}

/** An intent that will be reported as failed. */
export interface GivenUp extends Omit<LedgerRecord, 'settled_at' | 'result'> {
  readonly error: string;
  readonly error_code: string;
}

/** What pruning one page of the ledger did. Times are ISO 8601 UTC. */
export interface LedgerPruned {
  readonly deleted: number;
  readonly letters_deleted: number;
  readonly marks_deleted: number;
  readonly verdicts_deleted: number;
  /** Rows recorded before this time may be gone; null when the ledger is kept for ever. */
  readonly pruned_before: string | null;
  /** The newest row deleted, where the next page starts; null when there is no more. */
  readonly next: string | null;
}

/** The size of the ledger. */
export interface LedgerSize {
  /** Estimated. */
  readonly rows: number;
  /** With indexes. */
  readonly bytes: number;
  /** By how much the oldest row that may go is past the retention; 0 when none is. */
  readonly lagSeconds: number;
}

export interface LedgerRetention {
  /**
   * Deletes one page of what is older than the retention: ledger rows without an open dead letter, redriven letters,
   * marks of swept executions, verdicts, rollout routes.
   * @param before the time a prune goes by, so that all its pages mean the same; null: now less the retention.
   * @param after where the page before ended.
   */
  prune(before: string | null, after: string | null): Promise<LedgerPruned>;
  size(): Promise<LedgerSize>;
  /** Rows recorded before this time, ISO 8601, may be gone; null: nothing was ever pruned. */
  prunedBefore(): Promise<string | null>;
}
