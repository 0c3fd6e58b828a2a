/** What is kept of the lists that came through the intake. */
import type { SliceList, Verdict } from './list.js';

/** Verdicts on the lists that came through the intake: the first one stored for an event id is the only one. */
export interface VerdictStore {
  /** Stored verdicts by event id. */
  find(eventIds: readonly string[]): Promise<ReadonlyMap<string, Verdict>>;
  /** Stores those whose event id has none yet. @returns the stored verdict of each, by event id. */
  store(verdicts: readonly Verdict[]): Promise<ReadonlyMap<string, Verdict>>;
}

/** Some of a partition's parked lists. */
export interface ParkedPage {
  /** In their order; none shares a key with one before it that is left out. */
  readonly lists: readonly SliceList[];
  /** How many the partition has, with those left out. */
  readonly parked: number;
  /** Where the next page starts; null when there is none. */
  readonly next: number | null;
}

/** Lists that wait for a key, by partition: the workflow id of its slices. */
export interface ParkedLists {
  /** Keys of a partition's parked lists. */
  keys(partition: string): Promise<ReadonlySet<string>>;
  /** @returns which of these lists are parked. */
  find(eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Adds lists behind those that are there; one that is there already stays where it is. */
  park(
    partition: string,
    lists: readonly { readonly list: SliceList; readonly keys: readonly string[] }[],
  ): Promise<void>;
  /** @param after `next` of the page before; 0 for the first. */
  page(partition: string, after: number): Promise<ParkedPage>;
  remove(eventIds: readonly string[]): Promise<void>;
}

/** The executions that run parked lists. */
export interface ParkedRuns {
  /** Sees to it that one runs which will find what is parked now. */
  wake(partition: string): Promise<void>;
}
