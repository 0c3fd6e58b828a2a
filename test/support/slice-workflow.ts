/**
 * This workflow stands in for the slice's workflow, and its input is in its history. A list may ask it to take its
 * time, or to answer the list as invalid.
 */
import { condition, defineSignal, setHandler, sleep } from '@temporalio/workflow';
import type { SliceInput, SliceReport } from '../../src/domain/intake/slice.js';

/** This signal lets a slice end that has a list with `options.held`. */
export const releaseSlice = defineSignal('release');

export async function ExecuteSliceWorkflow({
  lists,
}: SliceInput): Promise<{ lists: number } & Pick<SliceReport, 'invalid'>> {
  let released = !lists.some(({ options }) => options?.['held'] === true);
  setHandler(releaseSlice, () => void (released = true));
  const ms = Math.max(0, ...lists.map(({ options }) => Number(options?.['sleepMs'] ?? 0)));
  if (ms > 0) await sleep(ms);
  await condition(() => released);
  const invalid = lists.flatMap(({ options }, list) =>
    typeof options?.['invalid'] === 'string' ? [{ list, reason: options['invalid'] }] : [],
  );
  return { lists: lists.length, ...(invalid.length > 0 ? { invalid } : {}) };
}
