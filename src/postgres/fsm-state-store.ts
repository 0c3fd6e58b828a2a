/** `fsm_states`: gives the reducers their states back, a page at a time. */
import type { FsmStateStore } from '../intents/ports.js';
import type { RecoveredStates } from '../intents/recover-fsm-states/schema.js';
import { type Pool, withTransaction } from './pool.js';
import { decodeCursor, encodeCursor, firstPhase, type Phase, phaseAfter, restOf } from './recovery-cursor.js';
import { countRows, readRows } from './recovery-rows.js';
import { type Page, readPage } from './recovery-page.js';
import { timedStatements, type TimedStatements } from './timed-statements.js';

export const createFsmStateStore = (pool: Pool): FsmStateStore => ({
  recover: (request, maxBytes) =>
    withTransaction(pool, async (tx) => {
      // One snapshot for the page's statements: a workflow that moves between two of them would be in neither.
      await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      const phase = request.cursor == null ? firstPhase(request.since_days) : decodeCursor(request.cursor);
      const timed = timedStatements(tx, pool.statementTimeoutMs);
      // The oldest transaction this snapshot does not see all of: where the next phase starts.
      const { rows } = await tx.query<{ xmin: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin');
      const horizon = rows.map(({ xmin }) => xmin).join();
      const page = await readPage(request, maxBytes, (before, limit) =>
        timed((at) => readRows(at, request, { ...phase, before: before ?? phase.before }, limit)),
      );
      const total = request.with_total ? await timed((at) => countRows(at, request, phase)) : undefined;
      const next = page.more ? rest(phase, page, horizon) : await nextPhase(timed, request, phase);
      const warning = warningOf(page, next.unknown, total === null);
      return {
        recovered_states: page.states,
        total_recovered: Object.keys(page.states).length,
        failed: page.failed,
        truncated: next.phase !== null,
        next_cursor: next.phase === null ? null : encodeCursor(next.phase),
        ...(typeof total === 'number' ? { total_matching: total } : {}),
        ...(warning === '' ? {} : { warning }),
      } satisfies RecoveredStates;
    }),
});

interface Next {
  readonly phase: Phase | null;
  /** True when a time-out kept the store from saying whether the phase holds anything. */
  readonly unknown: boolean;
}

/** What is left of the phase; all of it when a time-out left the page empty. */
const rest = (phase: Phase, { last }: Page, horizon: string): Next => ({
  phase: last === undefined ? phase : restOf(phase, last, horizon),
  unknown: false,
});

/** The phase to go on with; none when nothing moved in the meantime, which spares the caller an empty page. */
async function nextPhase(
  timed: TimedStatements,
  request: Parameters<FsmStateStore['recover']>[0],
  phase: Phase,
): Promise<Next> {
  const next = phaseAfter(phase);
  if (next === null) return { phase: null, unknown: false };
  const first = await timed((tx) => readRows(tx, request, next, 1));
  return { phase: first?.length === 0 ? null : next, unknown: first === null };
}

function warningOf(page: Page, nextUnknown: boolean, totalUnknown: boolean): string {
  const warnings: string[] = [];
  const count = Object.keys(page.states).length;
  if (page.timedOut) warnings.push(`PostgreSQL timed out after ${count} states; next_cursor goes on after them`);
  if (nextUnknown)
    warnings.push('PostgreSQL timed out looking for workflows that moved meanwhile; next_cursor looks again');
  if (totalUnknown) warnings.push('PostgreSQL timed out counting what matches; total_matching is left out');
  return warnings.join('; ');
}
