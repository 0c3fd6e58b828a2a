/** This invariant says that no transaction, lock or busy connection outlives the worker and the test. */
import type { Environment } from '../support/environment.js';
import { until } from '../../src/flow-control/until.js';

/** Milliseconds in which the server notices that a client has gone. */
const NOTICE_MS = 5_000;

export async function checkLocks({ pool }: Pick<Environment, 'pool'>): Promise<string[]> {
  const left = async (): Promise<string[]> => {
    const { rows } = await pool.query<{ found: string }>(
      `SELECT format('connection %s is %s: %s', pid, state, left(query, 80)) AS found FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND state NOT IN ('idle')
       UNION ALL
       SELECT format('%s lock of %s', locktype, pid) FROM pg_locks
       WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()
         AND locktype IN ('advisory', 'tuple', 'transactionid')`,
    );
    return rows.map(({ found }) => found);
  };
  try {
    await until(NOTICE_MS, async () => {
      if ((await left()).length > 0) throw new Error('not yet');
    });
    return [];
  } catch {
    return left();
  }
}
