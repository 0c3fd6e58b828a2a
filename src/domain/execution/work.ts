/**
 * Work is what `PlanExecutor` follows: the intents of one list, or of several that run together. Plain data, free of
 * zod: workflow code imports it.
 */
import type { Plan, PlannedIntent, PlannedTier } from './plan.js';

/** One list among the intents: a failure of high priority stops its rest, and no other's. */
export interface ListScope extends Pick<Plan, 'correlation_id' | 'options' | 'self_announced'> {
  /** Index of its first intent; the others follow it. */
  readonly first: number;
  /** How many intents are its own; 0 when none of it is to be run. */
  readonly count: number;
  /** Numbers of keys it shares with others of the lists: none of them overtakes a list before it that has to wait. */
  readonly keys?: readonly number[];
}

export interface Work {
  readonly intents: readonly PlannedIntent[];
  readonly tiers: readonly PlannedTier[];
  readonly page_bytes: number;
  /** In the order of their intents; at least one. */
  readonly lists: readonly ListScope[];
}

/** A plan as work of one list. */
export const oneList = (plan: Plan): Work => ({ ...plan, lists: [{ ...plan, first: 0, count: plan.intents.length }] });

/** Indexes of a list's own intents. */
export const indexesOf = ({ first, count }: ListScope): number[] =>
  Array.from({ length: count }, (_, offset) => first + offset);

/** The list an intent belongs to. */
export const listOf = ({ lists }: Pick<Work, 'lists'>, index: number): number =>
  lists.findLastIndex(({ first, count }) => count > 0 && first <= index);

/** The correlation id of a list, only where it is another one than the first list's, which is the batch's. */
export function ownCorrelationOf({ lists }: Pick<Work, 'lists'>, list: number): { readonly correlation_id?: string } {
  const own = lists[list]?.correlation_id;
  return own === undefined || own === lists[0]?.correlation_id ? {} : { correlation_id: own };
}
