/** This adapter of `fsm_states` gives the reducers their states back, a page at a time. */
import type { FsmStateStore } from '../../domain/intents/persist-state/store.js';
import type { RecoveredStates } from '../../domain/intents/recover-fsm-states/schema.js';
import { type Pool, withTransaction } from '../core/pool.js';
import { afterFirstPage, type Cursor, decodeCursor, encodeCursor, type Row, startOf, validOn } from './cursor.js';
import { type Page, readPage } from './page.js';
import { countRows, newestRows, rowsById } from './rows.js';
import { timedStatements } from '../core/timed-statements.js';

export const createFsmStateStore = (pool: Pool): FsmStateStore => ({
  recover: (request, maxBytes) =>
    withTransaction(pool, async (tx) => {
      // The page's statements share one snapshot: a workflow that moved between two of them would be in neither.
      await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      // A page is read in the order of an index. Other ways read all that matches, or every row, and sort it.
      await tx.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
      const asked = request.cursor == null ? startOf(request) : decodeCursor(request.cursor, request);
      const timed = timedStatements(tx, pool.statementTimeoutMs);
      const { rows } = await tx.query<{ snapshot: string }>('SELECT pg_current_snapshot()::text AS snapshot');
      const snapshot = rows.map((row) => row.snapshot).join();
      const cursor = validOn(snapshot, asked);
      const isFirst = request.cursor == null;
      const afterId = ({ workflow_id }: Row): Cursor => ({ ...cursor, after: workflow_id });
      const page = await readPage(request, maxBytes, (last, limit) =>
        timed((at) =>
          isFirst
            ? newestRows(at, request, cursor, last?.arrival ?? Number.MAX_SAFE_INTEGER, limit)
            : rowsById(at, request, last === undefined ? cursor : afterId(last), limit),
        ),
      );
      const total = request.with_total ? await timed((at) => countRows(at, request, cursor)) : undefined;
      const { last } = page;
      // After a page without a row the next page starts where that one did. After such a first page the walk goes by
      // workflow id already.
      const next = last === undefined ? cursor : isFirst ? afterFirstPage(cursor, last, snapshot) : afterId(last);
      const warning = warningOf(page, total === null);
      return {
        recovered_states: page.states,
        total_recovered: Object.keys(page.states).length,
        failed: page.failed.length,
        truncated: page.more,
        next_cursor: page.more ? encodeCursor(next) : null,
        ...(typeof total === 'number' ? { total_matching: total } : {}),
        ...(warning === '' ? {} : { warning }),
      } satisfies RecoveredStates;
    }),
});

/** Number of workflows that a warning names: 400 characters. */
const NAMED = 10;

function warningOf({ states, failed, tooLarge, timedOut }: Page, totalUnknown: boolean): string {
  const warnings: string[] = [];
  if (failed.length > 0) {
    const more = failed.length > NAMED ? ` and ${failed.length - NAMED} more` : '';
    warnings.push(`left out, because no answer can hold them: ${failed.slice(0, NAMED).join(', ')}${more}`);
  }
  if (tooLarge !== null) {
    const { workflow_id, bytes } = tooLarge;
    warnings.push(`${workflow_id} takes ${bytes} bytes, more than this page has: use next_cursor in a list of its own`);
  }
  if (timedOut) {
    const count = Object.keys(states).length;
    warnings.push(`PostgreSQL timed out after ${count} states; next_cursor goes on after them`);
  }
  if (totalUnknown) warnings.push('PostgreSQL timed out counting what matches; total_matching is left out');
  return warnings.join('; ');
}
