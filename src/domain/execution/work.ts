/**
 * Work is what `PlanExecutor` follows: the intents of one list, or of several that run together. It is plain data, free
 * of zod, because workflow code imports it.
 */
import type { Plan, PlannedIntent, PlannedTier } from './plan.js';

/**
 * A list scope is one list among the intents. A failure of high priority stops the rest of its list, and of no other.
 */
export interface ListScope extends Pick<Plan, 'correlation_id' | 'options' | 'self_announced'> {
  /** Index of the list's first intent; the others follow it. */
  readonly first: number;
  /** The number of the list's own intents; 0 when none of them is to be executed. */
  readonly count: number;
  /**
   * Numbers of the keys that the list shares with other lists. It overtakes no list before it that waits and shares
   * one.
   */
  readonly keys?: readonly number[];
}

export interface Work {
  readonly intents: readonly PlannedIntent[];
  readonly tiers: readonly PlannedTier[];
  readonly page_bytes: number;
  /** Lists in the order of their intents; there is at least one. */
  readonly lists: readonly ListScope[];
}

/** Returns a plan as work of one list. */
export const oneList = (plan: Plan): Work => ({ ...plan, lists: [{ ...plan, first: 0, count: plan.intents.length }] });

/** Returns the indexes of a list's own intents. */
export const indexesOf = ({ first, count }: ListScope): number[] =>
  Array.from({ length: count }, (_, offset) => first + offset);

/** Returns the number of the list that an intent belongs to. */
export const listOf = ({ lists }: Pick<Work, 'lists'>, index: number): number =>
  lists.findLastIndex(({ first, count }) => count > 0 && first <= index);

/** Returns the correlation id of a list, only where it differs from the first list's, which is the batch's. */
export function ownCorrelationOf({ lists }: Pick<Work, 'lists'>, list: number): { readonly correlation_id?: string } {
  const own = lists[list]?.correlation_id;
  return own === undefined || own === lists[0]?.correlation_id ? {} : { correlation_id: own };
}
