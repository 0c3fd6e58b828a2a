/** `fsm_states`: gives the reducers their states back, a page at a time. */
import type { FsmStateStore } from '../../domain/intents/persist-state/store.js';
import type { RecoveredStates } from '../../domain/intents/recover-fsm-states/schema.js';
import { type Pool, withTransaction } from '../core/pool.js';
import {
  decodeCursor,
  encodeCursor,
  firstPhase,
  isLast,
  numberedHere,
  passed,
  type Phase,
  phaseAfter,
  restOf,
} from './cursor.js';
import { countRows, readRows } from './rows.js';
import { type Page, readPage } from './page.js';
import { timedStatements, type TimedStatements } from '../core/timed-statements.js';

export const createFsmStateStore = (pool: Pool): FsmStateStore => ({
  recover: (request, maxBytes) =>
    withTransaction(pool, async (tx) => {
      // The page's statements share one snapshot: a workflow that moves between two of them would be in neither.
      await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      const asked = request.cursor == null ? firstPhase(request) : decodeCursor(request.cursor, request);
      const timed = timedStatements(tx, pool.statementTimeoutMs);
      const { rows } = await tx.query<{ snapshot: string }>('SELECT pg_current_snapshot()::text AS snapshot');
      const snapshot = rows.map((row) => row.snapshot).join();
      const phase = numberedHere(asked, snapshot);
      const page = await readPage(request, maxBytes, (last, limit) =>
        timed((at) => readRows(at, request, last === undefined ? phase : passed(phase, last), limit)),
      );
      const total = request.with_total ? await timed((at) => countRows(at, request, phase)) : undefined;
      const next = page.more ? rest(phase, page, snapshot) : await nextPhase(timed, request, phase);
      const warning = warningOf(page, next, total === null);
      return {
        recovered_states: page.states,
        total_recovered: Object.keys(page.states).length,
        failed: page.failed.length,
        truncated: next.phase !== null,
        next_cursor: next.phase === null ? null : encodeCursor(next.phase),
        ...(typeof total === 'number' ? { total_matching: total } : {}),
        ...(warning === '' ? {} : { warning }),
      } satisfies RecoveredStates;
    }),
});

interface Next {
  readonly phase: Phase | null;
  /** A time-out kept the store from saying whether the phase holds anything; or something moved since the last phase began. */
  readonly doubt: 'timed out' | 'moving' | null;
}

/** What is left of the phase; all of it when the page has no row. */
const rest = (phase: Phase, { last }: Page, snapshot: string): Next => ({
  phase: last === undefined ? phase : restOf(phase, last, snapshot),
  doubt: null,
});

/** The phase to go on with; none when nothing moved in the meantime, which spares the caller an empty page, and none after the last. */
async function nextPhase(
  timed: TimedStatements,
  request: Parameters<FsmStateStore['recover']>[0],
  phase: Phase,
): Promise<Next> {
  const next = phaseAfter(phase);
  if (next === null) return { phase: null, doubt: null };
  const first = await timed((tx) => readRows(tx, request, next, 1));
  if (first?.length === 0) return { phase: null, doubt: null };
  if (isLast(phase)) return { phase: null, doubt: 'moving' };
  return { phase: next, doubt: first === null ? 'timed out' : null };
}

/** Workflows a warning names: 400 characters. */
const NAMED = 10;

function warningOf({ states, failed, tooLarge, timedOut }: Page, { doubt }: Next, totalUnknown: boolean): string {
  const warnings: string[] = [];
  if (failed.length > 0) {
    const more = failed.length > NAMED ? ` and ${failed.length - NAMED} more` : '';
    warnings.push(`left out, because no answer can hold them: ${failed.slice(0, NAMED).join(', ')}${more}`);
  }
  if (tooLarge !== null) {
    const { workflow_id, bytes } = tooLarge;
    warnings.push(
      `${workflow_id} comes next and takes ${bytes} bytes, more than this page has: use next_cursor in a list of its own`,
    );
  }
  if (timedOut) {
    const count = Object.keys(states).length;
    warnings.push(`PostgreSQL timed out after ${count} states; next_cursor goes on after them`);
  }
  if (doubt === 'timed out')
    warnings.push('PostgreSQL timed out looking for workflows that moved meanwhile; next_cursor looks again');
  if (doubt === 'moving')
    warnings.push('workflows move faster than they are read: the walk ends with states that some have left by now');
  if (totalUnknown) warnings.push('PostgreSQL timed out counting what matches; total_matching is left out');
  return warnings.join('; ');
}
