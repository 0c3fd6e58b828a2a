/**
 * This queue has the announcements of one list. It knows which are sent, which are withheld because the list publishes
 * them itself, and which still wait. It is free of zod, because workflow code imports it.
 */
import { announcementKey } from '../events/announcement.js';
import { type Announcement, ANNOUNCEMENTS_PER_BATCH } from './batch.js';
import type { Plan } from './plan.js';

/** An announced intent is named by its index in the plan. Its kept result says what there is to announce. */
export interface AnnouncedIntent {
  readonly index: number;
}

/** @typeParam Kept `AnnouncedIntent` for the lists of a slice. */
export class AnnouncementQueue<Kept extends AnnouncedIntent = never> {
  /** Announcements no broker has taken yet. */
  readonly #pending: (Announcement | Kept)[] = [];
  /** Announcements that are withheld, because an intent of the list is to publish their event. */
  readonly #withheld: Announcement[] = [];
  readonly #addedIds = new Set<string>();

  constructor(private readonly plan: Pick<Plan, 'options' | 'self_announced'>) {}

  /** The number of announcements that wait to be sent. */
  get length(): number {
    return this.#pending.length;
  }

  add(events: readonly (Announcement | Kept)[]): void {
    const { options, self_announced } = this.plan;
    if (options.derivedEvents === 'none') return;
    const published = new Set(options.derivedEvents === 'all' ? [] : self_announced.map(({ key }) => key));
    for (const event of events) {
      // An announced intent is not looked at: its list publishes no event itself, and no other intent was executed
      // under its id.
      if ('index' in event) {
        this.#pending.push(event);
        continue;
      }
      // The same intent twice in a list has one effect, and one announcement.
      const id = announcementKey(event.event_type, event.intent_id);
      if (this.#addedIds.has(id)) continue;
      this.#addedIds.add(id);
      (published.has(subjectOf(event)) ? this.#withheld : this.#pending).push(event);
    }
  }

  /**
   * Queues the withheld announcements whose event the list has not published itself.
   * @param succeeded says whether the intent at an input index succeeded.
   */
  releaseWithheld(succeeded: (index: number) => boolean): void {
    const published = new Set(this.plan.self_announced.flatMap(({ key, index }) => (succeeded(index) ? [key] : [])));
    this.#pending.push(...this.#withheld.splice(0).filter((event) => !published.has(subjectOf(event))));
  }

  /** Takes the next announcements, `most` at most. Those that are not sent have to be put back. */
  take(most = ANNOUNCEMENTS_PER_BATCH): (Announcement | Kept)[] {
    return this.#pending.splice(0, most);
  }

  takeAll(): (Announcement | Kept)[] {
    return this.#pending.splice(0);
  }

  putBack(batch: readonly (Announcement | Kept)[]): void {
    this.#pending.unshift(...batch);
  }
}

const subjectOf = (event: Announcement): string => announcementKey(event.event_type, event.partition_key ?? '');
