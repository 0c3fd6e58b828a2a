/**
 * The cut-over is the deliberate end of the rollout: `bridge_states` gets its final key, and legacy writers are shut
 * out (ADR 0002).
 */
import { type Pool, withTransaction } from '../core/pool.js';
import { LOCK_TIMEOUT_MS, whenFree } from './free-tables.js';

/** Milliseconds that the move itself may take: a million rows take about 10 s. */
const LONGEST_MS = 3_600_000;

/**
 * Cuts `bridge_states` over, in one transaction. It is safe to repeat, and a no-op on a database that never had the
 * legacy table. It waits for its locks in short attempts.
 * @returns how many rows were moved into `bridge_states`.
 * @throws EffectError `transient` when the table was never free.
 */
export const cutOver = (pool: Pool): Promise<{ moved: number }> =>
  whenFree(() =>
    withTransaction(
      pool,
      async (tx) => {
        await tx.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
        await tx.query(`SET LOCAL statement_timeout = ${LONGEST_MS}`);
        const { rows } = await tx.query<{ moved: number }>('SELECT bridge_cut_over() AS moved');
        return { moved: rows[0]?.moved ?? 0 };
      },
      { deadlineMs: LONGEST_MS },
    ),
  );
