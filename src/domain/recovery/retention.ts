/**
 * This module has the port that prunes transitions and ended workflows, and the types that `PruneFsmStatesWorkflow` and
 * its activity share. It is free of zod, because workflow code imports it.
 */
import type { PruneRequest } from '../ledger/retention.js';
import type { TableSize } from '../values/table-size.js';

/** An `FsmPruneReport` counts the rows that a prune deleted. */
export interface FsmPruneReport {
  /** States of workflows that had ended. */
  readonly states_deleted: number;
  readonly transitions_deleted: number;
  /** The time, ISO 8601 UTC, before which rows are deleted; null when they are kept for ever. */
  readonly pruned_before: string | null;
}

/** An `FsmPruned` counts what one page of pruning deleted. */
export interface FsmPruned extends FsmPruneReport {
  /** The cursor of the next page, from the newest transition deleted; null when there is no next page. */
  readonly next: string | null;
}

export type FsmPruneActivity = (request: PruneRequest) => Promise<FsmPruned>;

export interface FsmRetention {
  /**
   * Deletes one page of what arrived before the retention. Transitions below the current one of their workflow come
   * first, then workflows that have ended, with all their transitions.
   * @param before the time up to which a prune deletes, so that all its pages mean the same; null: now less the
   * retention.
   * @param after the `next` of the page before; null for the first.
   */
  prune(before: string | null, after: string | null): Promise<FsmPruned>;
  size(): Promise<TableSize>;
}
