/** This module reads a page of states in several statements, and cuts it to what fits. */
import { LARGEST_PAGE } from '../../domain/values/limits.js';
import type { RecoverFsmStatesPayload, RecoveredState } from '../../domain/intents/recover-fsm-states/schema.js';
import type { Row } from './cursor.js';
import type { StateRow } from './rows.js';

/**
 * Rows a statement. A time-out loses at most so many, and a page of 10,000 takes four or five statements. A page that
 * its bytes end (some 3,000 states of 300 bytes of metadata) reads few rows in vain.
 */
const SLICE = 2_500;

export interface Page {
  readonly states: Record<string, RecoveredState>;
  /** Workflows that are passed over, because no page can hold them or JSON cannot represent their count. */
  readonly failed: readonly string[];
  /** The first row, when it alone is more than the page may hold: another page can hold it. */
  readonly tooLarge: { readonly workflow_id: string; readonly bytes: number } | null;
  /** The last row gone through; undefined: none. */
  readonly last: Row | undefined;
  /** True when rows follow, or may: after a time-out nobody knows. */
  readonly more: boolean;
  readonly timedOut: boolean;
}

/**
 * Reads one page. It does not use `cut`: rows come in several reads, and rows that no page can hold are passed over.
 * @param read reads up to `limit` rows after `last` (undefined: from the start); its answer is null when it timed out.
 */
export async function readPage(
  request: RecoverFsmStatesPayload,
  maxBytes: number,
  read: (last: Row | undefined, limit: number) => Promise<StateRow[] | null>,
): Promise<Page> {
  const states: Record<string, RecoveredState> = {};
  const failed: string[] = [];
  // A page that shares its report with others is smaller than a page with a report of its own.
  const largest = Math.max(maxBytes, LARGEST_PAGE);
  let last: Row | undefined;
  let [bytes, taken] = [0, 0];
  const page = (more: boolean, rest: Partial<Page> = {}): Page => ({
    ...{ states, failed, tooLarge: null, last, more, timedOut: false },
    ...rest,
  });
  for (;;) {
    // One row more than the page holds tells whether rows follow.
    const asked = Math.min(SLICE, request.limit + 1 - taken);
    const rows = await read(last, asked);
    if (rows === null) return page(true, { timedOut: true });
    for (const { workflow_id, ...row } of rows) {
      if (taken === request.limit) return page(true);
      const state = { ...row, transition_count: Number(row.transition_count) };
      const size = Buffer.byteLength(JSON.stringify({ [workflow_id]: state }));
      if (size > largest || !Number.isSafeInteger(state.transition_count)) failed.push(workflow_id);
      else if (bytes + size > maxBytes) {
        return page(true, { tooLarge: taken === 0 ? { workflow_id, bytes: size } : null });
      } else {
        bytes += size;
        states[workflow_id] = state;
      }
      taken += 1;
      last = { workflow_id, arrival: row.arrival };
    }
    if (rows.length < asked) return page(false);
  }
}
