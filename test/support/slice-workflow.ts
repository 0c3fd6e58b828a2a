/** Stands in for the slice's workflow: its input is in its history. A list may ask it to take its time. */
import { sleep } from '@temporalio/workflow';
import type { SliceInput } from '../../src/intents/slice.js';

export async function ExecuteSliceWorkflow({ lists }: SliceInput): Promise<{ lists: number }> {
  const ms = Math.max(0, ...lists.map(({ options }) => Number(options?.['sleepMs'] ?? 0)));
  if (ms > 0) await sleep(ms);
  return { lists: lists.length };
}
