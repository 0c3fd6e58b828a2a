/** This module publishes events of a slice beside its batches: announcements, and answers. */
import type { Info } from '@temporalio/activity';
import type { Announcement, CompactAnnouncement } from '../../src/domain/execution/batch.js';
import type { OpenSlice } from '../../src/domain/intake/open-slice.js';
import type { Standing } from '../attempts/retries.js';
import type { Ports } from '../ports.js';
import { publishEvent } from '../effects/publish-event.js';
import type { SliceResults } from './slice-results.js';
import { sliceAnnouncements } from './slice-source.js';

/** @param notAnnounced is called with the intent id of each event that is not on its topic. */
export type PublishEvents = (events: readonly Announcement[], notAnnounced: (id: string) => void) => Promise<unknown>;

/** Makes the function that publishes events of a slice in one attempt of an activity. */
export function sliceEvents(ports: Ports) {
  const publish = publishEvent.create(ports);
  return (slice: OpenSlice, info: Info, standing: Standing): PublishEvents =>
    (announce, notAnnounced) =>
      publish({
        commands: [],
        // Announcements that name no correlation id get this one, as in a batch.
        correlationId: slice.lists[0]?.correlation_id ?? '',
        scheduledAt: new Date(info.scheduledTimestampMs).toISOString(),
        pageBytes: 0,
        ...standing,
        locks: 'patient',
        announce,
        notAnnounced,
      });
}

/**
 * Publishes the announcements that come with a call. @returns the ids of the intents that are announced now, and of
 * those that are not.
 */
export async function announceNow(
  publish: PublishEvents,
  announce: readonly CompactAnnouncement[],
  slice: OpenSlice,
  sliceResults: SliceResults,
  info: Info,
): Promise<{ readonly announcedNow: ReadonlySet<string>; readonly not_announced: readonly string[] }> {
  const announcements = await sliceAnnouncements(slice, announce, sliceResults, info);
  const announcedNow = new Set(announcements.map(({ intent_id }) => intent_id));
  const not_announced: string[] = [];
  if (announcements.length > 0) {
    await publish(announcements, (intentId) => {
      announcedNow.delete(intentId);
      not_announced.push(intentId);
    });
  }
  return { announcedNow, not_announced };
}
