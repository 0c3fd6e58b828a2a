/** A page of states, read in slices and cut to what fits. */
import type { RecoverFsmStatesPayload, RecoveredState } from '../intents/recover-fsm-states/schema.js';
import type { StateRow } from './recovery-rows.js';

/**
 * Rows a statement: a time-out loses at most so many, a page of 10,000 takes four or five, and one that its bytes end
 * (some 3,000 states of 300 bytes of metadata) reads few in vain.
 */
const SLICE = 2_500;

export interface Page {
  readonly states: Record<string, RecoveredState>;
  /** Rows no page can hold, or whose count JSON cannot carry: counted and passed over. */
  readonly failed: number;
  /** Arrival of the last row gone through; undefined: none. */
  readonly last: number | undefined;
  /** True when rows follow, or may: after a time-out nobody knows. */
  readonly more: boolean;
  readonly timedOut: boolean;
}

/** @param read up to `limit` rows that arrived before `before` (undefined: from the start); null when it timed out. */
export async function readPage(
  request: RecoverFsmStatesPayload,
  maxBytes: number,
  read: (before: number | undefined, limit: number) => Promise<StateRow[] | null>,
): Promise<Page> {
  const states: Record<string, RecoveredState> = {};
  let last: number | undefined;
  let [bytes, failed, taken] = [0, 0, 0];
  const page = (more: boolean, timedOut = false): Page => ({ states, failed, last, more, timedOut });
  for (;;) {
    // One row more than the page holds tells whether the phase goes on.
    const asked = Math.min(SLICE, request.limit + 1 - taken);
    const rows = await read(last, asked);
    if (rows === null) return page(true, true);
    for (const { workflow_id, sequence, ...row } of rows) {
      if (taken === request.limit) return page(true);
      const state = { ...row, transition_count: Number(row.transition_count) };
      const size = Buffer.byteLength(JSON.stringify({ [workflow_id]: state }));
      if (size > maxBytes || !Number.isSafeInteger(state.transition_count)) failed += 1;
      else if (bytes + size > maxBytes) return page(true);
      else {
        bytes += size;
        states[workflow_id] = state;
      }
      taken += 1;
      last = sequence;
    }
    if (rows.length < asked) return page(false);
  }
}
