/**
 * This module has the announcements of an execution on their way to a broker. It knows the list of each announcement,
 * and its compact form, in which activities get it.
 */
import { type AnnouncedIntent, AnnouncementQueue } from '../../src/domain/execution/announcement-queue.js';
import {
  type Announcement,
  ANNOUNCEMENTS_PER_BATCH,
  type BatchInput,
  type BatchOutput,
  type Position,
} from '../../src/domain/execution/batch.js';
import {
  compactAnnouncement,
  expandAnnouncement,
  isKeptAnnouncement,
} from '../../src/domain/execution/compact-form.js';
import { indexesOf, listOf, ownCorrelationOf, type Work } from '../../src/domain/execution/work.js';

/** A pending announcement is one on its way, with its list's number. One that is not sent has to be put back. */
export interface Pending {
  readonly list: number;
  readonly event: Announcement | AnnouncedIntent;
}

export class PendingAnnouncements {
  /** Announcements that no broker has taken yet, by list. */
  readonly #queues: readonly AnnouncementQueue<AnnouncedIntent>[];
  /** Indexes of the intents in the plan, by list and intent id. */
  readonly #indexById: readonly ReadonlyMap<string, number>[];

  /** @param positionOf returns the position of a slice's intent by its index. */
  constructor(
    private readonly work: Work,
    private readonly positionOf: (index: number) => Position,
  ) {
    this.#queues = work.lists.map((list) => new AnnouncementQueue<AnnouncedIntent>(list));
    // The last of equal ids wins: only one of them executes, and repeats are not announced.
    this.#indexById = work.lists.map(
      (list) => new Map(indexesOf(list).map((index) => [work.intents[index]?.id ?? '', index])),
    );
  }

  /** Returns how many announcements of these lists wait to be sent. */
  lengthOf(lists: readonly number[]): number {
    return lists.reduce((sum, list) => sum + (this.#queues[list]?.length ?? 0), 0);
  }

  /** Adds the announcements that an activity returned for the intents that have ended in it. */
  add(ended: readonly number[], events: BatchOutput['announce']): void {
    // The first of equal ids is the one that was executed.
    const indexById = new Map([...ended].reverse().map((index) => [this.work.intents[index]?.id ?? '', index]));
    const expanded = events.map(expandAnnouncement);
    const indexByPosition = new Map(
      expanded.some(isKeptAnnouncement) ? ended.map((index) => [this.positionOf(index), index]) : [],
    );
    for (const event of expanded) {
      if (isKeptAnnouncement(event)) {
        const index = indexByPosition.get(event.position);
        if (index !== undefined) this.#queues[listOf(this.work, index)]?.add([{ index }]);
      } else {
        this.#queues[listOf(this.work, indexById.get(event.intent_id) ?? 0)]?.add([event]);
      }
    }
  }

  /** Releases the withheld announcements of events that the lists were to publish themselves, and did not. */
  releaseWithheld(lists: readonly number[], succeeded: (index: number) => boolean): void {
    for (const list of lists) this.#queues[list]?.releaseWithheld(succeeded);
  }

  /** Takes the next announcements of these lists, as many as one activity takes. */
  take(lists: readonly number[]): Pending[] {
    const taken: Pending[] = [];
    for (const list of lists) {
      const events = this.#queues[list]?.take(ANNOUNCEMENTS_PER_BATCH - taken.length) ?? [];
      taken.push(...events.map((event) => ({ list, event })));
    }
    return taken;
  }

  putBack(batch: readonly Pending[]): void {
    for (const list of new Set(batch.map((pending) => pending.list))) {
      this.#queues[list]?.putBack(batch.filter((one) => one.list === list).map(({ event }) => event));
    }
  }

  /** Returns announcements in the form in which activities get them. */
  name(batch: readonly Pending[]): NonNullable<BatchInput['announce']> {
    return batch.map(({ list, event }) =>
      compactAnnouncement(
        'index' in event
          ? { position: this.positionOf(event.index) }
          : { ...event, ...ownCorrelationOf(this.work, list) },
      ),
    );
  }

  /** Returns the indexes of the intents that these announcements are about. */
  indexesOf(batch: readonly Pending[]): number[] {
    return batch.flatMap(({ list, event }) =>
      'index' in event ? [event.index] : (this.#indexById[list]?.get(event.intent_id) ?? []),
    );
  }
}
