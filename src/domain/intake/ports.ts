/** These ports store the verdicts and the parked lists of the intake, and wake the executions of parked lists. */
import type { AnsweredList, ListHashes, SliceList, Verdict } from './list.js';

/** A `StoredVerdict` is a verdict with the hash of its list; null for a verdict of before there were hashes. */
export interface StoredVerdict {
  readonly verdict: Verdict;
  readonly list_hash: string | null;
}

/** An answer is a list with the verdict that a run of it came to. */
export interface Answer extends StoredVerdict {
  readonly list: SliceList;
}

/** This port knows the request ids of lists that callers have started in shared executions. */
export interface UsedRequestIds {
  /** Returns the ids that belong to another list, whose execution ended as `completed` or `partial`. */
  conflicting(
    lists: readonly { readonly request_id: string; readonly list_hash: string }[],
  ): Promise<ReadonlySet<string>>;
}

/** This port stores the verdicts on lists that came through the intake, one for an event id. */
export interface VerdictStore extends UsedRequestIds {
  /** Returns the stored verdicts by event id. */
  find(eventIds: readonly string[], withinMs?: number): Promise<ReadonlyMap<string, StoredVerdict>>;
  /** Returns which of the lists have a verdict, by event id, and whether they can be executed again. */
  answered(eventIds: readonly string[]): Promise<ReadonlyMap<string, AnsweredList>>;
  /** Returns a list that can be executed again, with its latest verdict; null when there is no such list. */
  unfinished(eventId: string): Promise<Answer | null>;
  /**
   * Stores verdicts. A stored one stays, unless its list is unfinished and was put on its topic once more since.
   * @returns the stored verdict of each, by event id.
   */
  store(answers: readonly Answer[]): Promise<ReadonlyMap<string, StoredVerdict>>;
}

/** A `ParkedPage` has some of a partition's parked lists. */
export interface ParkedPage {
  /** Lists in their order. They share no key with a list before them that is left out. There may be none. */
  readonly lists: readonly SliceList[];
  /** The number of the partition's parked lists, with those left out. Only the last page counts them; others have 0. */
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
  /** @returns those of the keys that the partition's parked lists have. */
  findKeys(partition: string, keys: readonly string[]): Promise<ReadonlySet<string>>;
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
