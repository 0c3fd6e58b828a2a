/**
 * Used ids are the event ids that have a list: an answered one, a parked one, or one before in the slice. The same list
 * again is a repeat. Another list under the id is a conflict, and is not executed (ADR 0030).
 */
import type { ListHashes } from './list.js';
import type { OpenList, OpenSlice } from './open-slice.js';
import type { PlannedList } from './slice.js';

export class UsedIds {
  readonly #seen = new Map<string, string | null>();

  /**
   * @param answered lists whose verdict is stored.
   * @param parked lists that are parked.
   */
  constructor(
    private readonly slice: Pick<OpenSlice, 'hashOf'>,
    private readonly answered: ListHashes,
    private readonly parked: ListHashes,
  ) {}

  /** Returns why a list is skipped because of its event id; `{}` when it is not. The id is used from then on. */
  use(list: OpenList): Pick<PlannedList, 'skipped' | 'invalid'> {
    const { event_id } = list;
    const hash = this.slice.hashOf(list);
    const owners = [this.#seen, this.answered, this.parked].find((lists) => lists.has(event_id));
    const used = owners === undefined ? hash : (owners.get(event_id) ?? null);
    if (isOtherList(used, hash)) return { skipped: 'conflicts', invalid: conflictText(list, used, hash) };
    if (owners === this.#seen) return { skipped: 'repeats' };
    this.#seen.set(event_id, used);
    return owners === this.answered ? { skipped: 'answered' } : {};
  }
}

/** Returns whether a stored list hash is that of another list. @param stored null: nobody knows, so it is not. */
export const isOtherList = (stored: string | null, hash: string): stored is string =>
  stored !== null && stored !== hash;

/** Returns whether lists of these hashes include a list. */
export const hasList = (lists: ListHashes, { event_id }: OpenList, hash: string): boolean =>
  lists.has(event_id) && !isOtherList(lists.get(event_id) ?? null, hash);

/** Returns the reason why a list is rejected. @param used the hash of the list that has the event id. */
export const conflictText = ({ written_event_id }: OpenList, used: string, hash: string): string =>
  `event_id: ${written_event_id} belongs to another list of intents (sha256 ${used.slice(0, 12)} there, ` +
  `${hash.slice(0, 12)} here); emit this one under an id of its own`;
