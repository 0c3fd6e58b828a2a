/** `fsm_states`: gives the reducers their states back, a page at a time. */
import type { FsmStateStore } from '../intents/ports.js';
import type { RecoverFsmStatesPayload, RecoveredState } from '../intents/recover-fsm-states/schema.js';
import { isoUtc } from './instant.js';
import { type Pool, type Transaction, withTransaction } from './pool.js';
import { decodeCursor, encodeCursor, firstPhase, type Phase, phaseAfter, restOf } from './recovery-cursor.js';

/** A workflow in one of these has nothing left to do: it is forgotten after `since_days`. Others never are. */
const TERMINAL_STATES: readonly string[] = [
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'CANCELED',
  'TERMINATED',
  'TIMED_OUT',
  'ABORTED',
];

interface StateRow extends Omit<RecoveredState, 'transition_count'> {
  readonly workflow_id: string;
  /** Text when it is beyond 2^53. */
  readonly transition_count: number | string;
  readonly sequence: number;
}

export const createFsmStateStore = (pool: Pool): FsmStateStore => ({
  recover: (request, maxBytes) =>
    withTransaction(pool, async (tx) => {
      const phase = request.cursor == null ? firstPhase(request.since_days) : decodeCursor(request.cursor);
      const horizon = await oldestOpenTransaction(tx);
      // One row more than the page holds tells whether the phase goes on.
      const rows = await readRows(tx, request, phase, request.limit + 1);
      const page = cutToFit(rows.slice(0, request.limit), maxBytes);
      const next =
        page.last !== undefined && page.taken < rows.length
          ? restOf(phase, page.last, horizon)
          : await nextPhase(tx, request, phase);
      return {
        recovered_states: page.states,
        total_recovered: Object.keys(page.states).length,
        failed: page.failed,
        truncated: next !== null,
        next_cursor: next === null ? null : encodeCursor(next),
      };
    }),
});

/** Read before the page, in a snapshot of its own: what moves in between comes twice rather than never. */
async function oldestOpenTransaction(tx: Transaction): Promise<string> {
  const { rows } = await tx.query<{ xmin: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin');
  return rows.map(({ xmin }) => xmin).join();
}

/** The phase to go on with; null when nothing moved in the meantime, which spares the caller an empty page. */
async function nextPhase(tx: Transaction, request: RecoverFsmStatesPayload, phase: Phase): Promise<Phase | null> {
  const next = phaseAfter(phase);
  return next !== null && (await readRows(tx, request, next, 1)).length > 0 ? next : null;
}

async function readRows(
  tx: Transaction,
  request: RecoverFsmStatesPayload,
  phase: Phase,
  limit: number,
): Promise<StateRow[]> {
  const { rows } = await tx.query<StateRow>(
    `SELECT workflow_id, current_state, previous_state, epoch, transition_count, metadata, sequence,
       ${isoUtc('last_transition_at')} AS last_transition_at
     FROM fsm_states
     WHERE sequence < $1 AND moved_by >= $2::xid8
       AND (updated_at >= $3 OR current_state <> ALL ($4::text[]))
       AND ($5::text[] IS NULL OR current_state = ANY ($5))
       AND ($6::text[] IS NULL OR metadata ->> 'namespace' = ANY ($6))
     ORDER BY sequence DESC
     LIMIT $7`,
    [
      phase.before,
      phase.moved_since,
      phase.since,
      TERMINAL_STATES,
      request.states ?? null,
      request.namespaces ?? null,
      limit,
    ],
  );
  return rows;
}

interface Cut {
  readonly states: Record<string, RecoveredState>;
  readonly failed: number;
  /** Rows gone through. */
  readonly taken: number;
  /** Arrival of the last of them; undefined: none. */
  readonly last: number | undefined;
}

function cutToFit(rows: readonly StateRow[], maxBytes: number): Cut {
  const states: Record<string, RecoveredState> = {};
  let [bytes, failed, taken] = [0, 0, 0];
  for (const { workflow_id, sequence: _, ...row } of rows) {
    const state = { ...row, transition_count: Number(row.transition_count) };
    const size = Buffer.byteLength(JSON.stringify({ [workflow_id]: state }));
    // What no page can hold, or whose count JSON cannot carry, is counted and passed over.
    if (size > maxBytes || !Number.isSafeInteger(state.transition_count)) failed += 1;
    else if (bytes + size > maxBytes) break;
    else {
      bytes += size;
      states[workflow_id] = state;
    }
    taken += 1;
  }
  return { states, failed, taken, last: rows[taken - 1]?.sequence };
}
