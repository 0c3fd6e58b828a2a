/** This adapter remembers which executions are swept, in `swept_executions` (ADR 0007). */
import type { SweptExecutions } from '../../domain/sweep/port.js';
import { type Pool, withConnection } from '../core/pool.js';

export const createSweptExecutions = (pool: Pool): SweptExecutions => ({
  async unswept(ids) {
    if (ids.length === 0) return new Set();
    const { rows } = await withConnection(pool, (connection) =>
      connection.query<{ id: string }>(
        `SELECT id FROM unnest($1::text[]) AS given (id)
         WHERE NOT EXISTS (SELECT FROM swept_executions WHERE execution_id = id)`,
        [ids],
      ),
    );
    return new Set(rows.map(({ id }) => id));
  },
  async mark(marks) {
    if (marks.length === 0) return;
    await withConnection(pool, (connection) =>
      connection.query(
        `INSERT INTO swept_executions (execution_id, reason)
         SELECT * FROM unnest($1::text[], $2::text[]) AS mark (execution_id, reason) ORDER BY execution_id
         ON CONFLICT (execution_id) DO NOTHING`,
        [marks.map(({ execution_id }) => execution_id), marks.map(({ reason }) => reason)],
      ),
    );
  },
});
