/**
 * The source of a slice's batches: its intents and the results of its successes stay in this worker, and travel by their position
 * among the intents of all its lists.
 */
import type { BatchSource, FindSource } from '../execution/batch-source.js';
import { plainSource } from '../execution/batch-source.js';
import { parseItem } from '../execution/commands.js';
import { announcementOf } from '../execution/outcomes.js';
import type { Info } from '@temporalio/activity';
import type { OpenSlice } from '../../src/domain/intake/open-slice.js';
import { definitionAt, itemAt, type SliceResults } from './slice-results.js';
import type { Slices } from './slices.js';

/** Finds the slice of a batch that names one. @throws as `Slices.find`. */
export const sourceFinder =
  (slices: Slices, results: SliceResults): FindSource =>
  async ({ slice }, info) =>
    slice === undefined ? plainSource : sliceSource(await slices.find(slice, info), results, info);

export const sliceSource = (slice: OpenSlice, results: SliceResults, info: Info): BatchSource => ({
  parse: (definition, items) =>
    items.map((item) => (typeof item === 'number' ? itemAt(slice, item) : parseItem(definition, item))),

  async announcements(announce) {
    const positions = announce.filter((event) => typeof event === 'number');
    const resultAt = await results.find(slice, positions, info);
    return announce.flatMap((event) => {
      if (typeof event !== 'number') return [event];
      const { correlation_id } = slice.listAt(event);
      return announcementOf(definitionAt(slice, event), resultAt(event)).map((made) => ({ ...made, correlation_id }));
    });
  },

  tell({ position }, definition, result) {
    const announcement = announcementOf(definition, result);
    if (position === undefined || !results.keep(slice, position, definition, result)) {
      return { result, announce: announcement };
    }
    return {
      result: result.execution_time_ms,
      announce: slice.publishesItself(position) ? announcement : announcement.map(() => position),
    };
  },
});
