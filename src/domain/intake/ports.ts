/** These ports store the verdicts and the parked lists of the intake, and wake the executions of parked lists. */
import type { SliceList, Verdict } from './list.js';

/**
 * This port stores the verdicts on lists that came through the intake. The first one stored for an event id is the only
 * one.
 */
export interface VerdictStore {
  /** Returns the stored verdicts by event id. */
  find(eventIds: readonly string[], withinMs?: number): Promise<ReadonlyMap<string, Verdict>>;
  /** Stores verdicts whose event id has none yet. @returns the stored verdict of each, by event id. */
  store(verdicts: readonly Verdict[]): Promise<ReadonlyMap<string, Verdict>>;
}

/** A `ParkedPage` has some of a partition's parked lists. */
export interface ParkedPage {
  /** Lists in their order. They share no key with a list before them that is left out. */
  readonly lists: readonly SliceList[];
  /** The number of the partition's parked lists, with those left out. */
  readonly parked: number;
  /** The cursor of the next page; null when there is no next page. */
  readonly next: number | null;
}

/** This port stores lists that wait for a key, by partition. A partition is named by the workflow id of its slices. */
export interface ParkedLists {
  /** Returns the keys of a partition's parked lists. */
  keys(partition: string): Promise<ReadonlySet<string>>;
  /** @returns the event ids of those lists that are parked. */
  find(eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Adds lists behind those that are parked. A list that is parked already stays where it is. */
  park(
    partition: string,
    lists: readonly { readonly list: SliceList; readonly keys: readonly string[] }[],
  ): Promise<void>;
  /** @param after `next` of the page before; 0 for the first. */
  page(partition: string, after: number): Promise<ParkedPage>;
  remove(eventIds: readonly string[]): Promise<void>;
}

/** This port wakes the executions that run parked lists. */
export interface ParkedRuns {
  /** Makes sure that an execution runs which will find the lists that are parked now. */
  wake(partition: string): Promise<void>;
}
