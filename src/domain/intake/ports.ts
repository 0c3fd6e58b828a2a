/** These ports store the verdicts and the parked lists of the intake, and wake the executions of parked lists. */
import type { ListHashes, SliceList, Verdict } from './list.js';

/** A `StoredVerdict` is a verdict with the hash of its list; null for a verdict of before there were hashes. */
export interface StoredVerdict {
  readonly verdict: Verdict;
  readonly list_hash: string | null;
}

/**
 * This port stores the verdicts on lists that came through the intake. The first one stored for an event id is the only
 * one.
 */
export interface VerdictStore {
  /** Returns the list hashes of stored verdicts. */
  hashes(eventIds: readonly string[]): Promise<ListHashes>;
  /** Returns the stored verdicts by event id. */
  find(eventIds: readonly string[]): Promise<ReadonlyMap<string, StoredVerdict>>;
  /** Stores verdicts whose event id has none yet. @returns the stored verdict of each, by event id. */
  store(verdicts: readonly StoredVerdict[]): Promise<ReadonlyMap<string, StoredVerdict>>;
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

/** A `ParkedList` is a list as it is parked. */
export interface ParkedList {
  readonly list: SliceList;
  readonly keys: readonly string[];
  readonly list_hash: string;
}

/** This port stores lists that wait for a key, by partition. A partition is named by the workflow id of its slices. */
export interface ParkedLists {
  /** Returns the keys of a partition's parked lists. */
  keys(partition: string): Promise<ReadonlySet<string>>;
  /** Returns the list hashes of those lists that are parked. */
  hashes(eventIds: readonly string[]): Promise<ListHashes>;
  /**
   * Adds lists behind those that are parked. A list that is parked already stays where it is.
   * @throws EffectError while another list is parked under the event id of one; none is added then.
   */
  park(partition: string, lists: readonly ParkedList[]): Promise<void>;
  /** @param after `next` of the page before; 0 for the first. */
  page(partition: string, after: number): Promise<ParkedPage>;
  remove(eventIds: readonly string[]): Promise<void>;
}

/** This port wakes the executions that run parked lists. */
export interface ParkedRuns {
  /** Makes sure that an execution runs which will find the lists that are parked now. */
  wake(partition: string): Promise<void>;
}
