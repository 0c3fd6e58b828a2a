/**
 * This queue has the announcements of one list: which are sent, which are withheld because the list publishes them
 * itself, and which still wait. Free of zod: workflow code imports it.
 */
import { announcementKey } from '../events/announcement.js';
import { type Announcement, ANNOUNCEMENTS_PER_BATCH } from './batch.js';
import type { Plan } from './plan.js';

/** An intent by its index in the plan: its kept result says what there is to announce. */
export interface AnnouncedIntent {
  readonly index: number;
}

/** @typeParam Kept `AnnouncedIntent` for the lists of a slice. */
export class AnnouncementQueue<Kept extends AnnouncedIntent = never> {
  /** Announcements no broker has taken yet. */
  readonly #pending: (Announcement | Kept)[] = [];
  /** Announcements that an intent of the list stands for. */
  readonly #withheld: Announcement[] = [];
  readonly #addedIds = new Set<string>();

  constructor(private readonly plan: Pick<Plan, 'options' | 'self_announced'>) {}

  /** How many wait to be sent. */
  get length(): number {
    return this.#pending.length;
  }

  add(events: readonly (Announcement | Kept)[]): void {
    const { options, self_announced } = this.plan;
    if (options.derivedEvents === 'none') return;
    const published = new Set(options.derivedEvents === 'all' ? [] : self_announced.map(({ key }) => key));
    for (const event of events) {
      // Not looked at: it is of a list that publishes none itself, and of the one intent that was executed under its
      // id.
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
   * Announces after all what the list did not publish itself.
   * @param succeeded whether the intent of an input index did.
   */
  releaseWithheld(succeeded: (index: number) => boolean): void {
    const published = new Set(this.plan.self_announced.flatMap(({ key, index }) => (succeeded(index) ? [key] : [])));
    this.#pending.push(...this.#withheld.splice(0).filter((event) => !published.has(subjectOf(event))));
  }

  /** The next ones, `most` at most; what is not sent has to be put back. */
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
