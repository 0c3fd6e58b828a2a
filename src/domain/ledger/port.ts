/** The ledger says which intents have had their effect. Its retention says for how long that is kept. */

import type { TableSize } from '../values/table-size.js';

/** A ledger record is what the ledger knows of an intent that had its effect. */
export interface LedgerRecord {
  readonly intent_id: string;
  readonly intent_type: string;
  readonly payload_hash: string;
  readonly execution_id: string;
  readonly result: Readonly<Record<string, unknown>>;
  readonly settled_at: string;
}

/**
 * This port is the ledger for effects that cannot share a transaction with it (Kafka), and for reading stored results.
 */
export interface Ledger {
  find(intentIds: readonly string[]): Promise<ReadonlyMap<string, LedgerRecord>>;
  /**
   * Inserts records. On conflict it does nothing, so that the first result stays.
   * @returns the rows that stayed, by id: another execution was faster, be it with another payload.
   */
  record(records: readonly Omit<LedgerRecord, 'settled_at'>[]): Promise<ReadonlyMap<string, LedgerRecord>>;
  /**
   * Keeps these intents from having their effect in this execution any more, by a tombstone each. It waits for a
   * transaction that is executing one of them.
   * @returns the records of intents that had their effect already, which stay.
   */
  giveUp(intents: readonly GivenUp[]): Promise<ReadonlyMap<string, LedgerRecord>>;
}

/** A `GivenUp` is an intent that will be reported as failed. */
export interface GivenUp extends Omit<LedgerRecord, 'settled_at' | 'result'> {
  readonly error: string;
  readonly error_code: string;
}

/** A `LedgerPruned` counts what one page of pruning deleted. Times are ISO 8601 UTC. */
export interface LedgerPruned {
  readonly deleted: number;
  readonly letters_deleted: number;
  readonly marks_deleted: number;
  readonly verdicts_deleted: number;
  /** The time before which recorded rows may be gone; null when the ledger is kept for ever. */
  readonly pruned_before: string | null;
  /** The cursor of the next page, from the newest row deleted; null when there is no next page. */
  readonly next: string | null;
}

export interface LedgerRetention {
  /**
   * Deletes one page of the rows that are older than the retention. It deletes ledger rows without an open dead letter,
   * redriven letters, marks of swept executions, verdicts and rollout routes.
   * @param before the time up to which a prune deletes, so that all its pages mean the same; null: now less the
   * retention.
   * @param after the `next` of the page before; null for the first.
   */
  prune(before: string | null, after: string | null): Promise<LedgerPruned>;
  size(): Promise<TableSize>;
  /** Returns the time, ISO 8601, before which recorded rows may be gone; null when nothing was ever pruned. */
  prunedBefore(): Promise<string | null>;
}
