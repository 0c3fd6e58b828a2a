/**
 * This module is the source of a slice's batches. The intents of a slice and the results of its successes stay in this
 * worker. They travel by their position among the intents of all its lists.
 */
import type { Info } from '@temporalio/activity';
import type { Announcement, CompactAnnouncement, SliceIntents } from '../../src/domain/execution/batch.js';
import {
  compactAnnouncement,
  compactResult,
  expandAnnouncement,
  isKeptAnnouncement,
} from '../../src/domain/execution/compact-form.js';
import type { OpenSlice } from '../../src/domain/intake/open-slice.js';
import { type BatchSource, listSource, type FindSource } from '../execution/batch-source.js';
import { announcementOf } from '../execution/outcomes.js';
import { definitionAt, itemAt, type SliceResults } from './slice-results.js';
import type { Slices } from './slices.js';

/** Finds the source of a batch: the slice that the batch names, else the batch itself. @throws as `Slices.find`. */
export const sourceFinder =
  (slices: Slices, results: SliceResults): FindSource =>
  async (batch, info) =>
    batch.slice === undefined
      ? listSource(batch)
      : sliceSource(await slices.find(batch.slice, info), batch, results, info);

const sliceSource = (slice: OpenSlice, { items }: SliceIntents, results: SliceResults, info: Info): BatchSource => ({
  parse: () => items.map((position) => itemAt(slice, position)),

  announcements: (announce) => sliceAnnouncements(slice, announce, results, info),

  tell({ position }, definition, result) {
    const announcement = announcementOf(definition, result);
    if (position === undefined || !results.keep(slice, position, definition, result)) {
      return { result, announce: announcement };
    }
    const kept = compactAnnouncement({ position });
    return {
      result: compactResult({ keptMs: result.execution_time_ms }),
      announce: slice.publishesItself(position) ? announcement : announcement.map(() => kept),
    };
  },
});

/**
 * Returns the announcements of a slice as they are published. @throws EffectError when a store has to be asked for one,
 * and cannot be.
 */
export async function sliceAnnouncements(
  slice: OpenSlice,
  announce: readonly CompactAnnouncement[],
  results: SliceResults,
  info: Info,
): Promise<readonly Announcement[]> {
  const events = announce.map(expandAnnouncement);
  const positions = events.filter(isKeptAnnouncement).map(({ position }) => position);
  const resultAt = await results.find(slice, positions, info);
  return events.flatMap((event) => {
    if (!isKeptAnnouncement(event)) return [event];
    const { position } = event;
    const { correlation_id } = slice.listAt(position);
    return announcementOf(definitionAt(slice, position), resultAt(position)).map((made) => ({
      ...made,
      correlation_id,
    }));
  });
}
