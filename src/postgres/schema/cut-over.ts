/**
 * The cut-over is the deliberate end of the rollout: `bridge_states` gets its final key, and legacy writers are shut
 * out (ADR 0002).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EffectError } from '../../domain/failures/failure.js';
import { type Pool, withTransaction } from '../core/pool.js';

/** Attempts at the locks, about a minute in all; each holds others up for `lock_timeout` at most. */
const ATTEMPTS = 30;

/** Milliseconds that the move itself may take: a million rows take about 10 s. */
const LONGEST_MS = 3_600_000;

/**
 * Cuts `bridge_states` over, in one transaction. It is safe to repeat, and a no-op on a database that never had the
 * legacy table. The wait for its locks is cut short and repeated, because whoever comes after it in the queue waits as
 * well. Under deadlock_timeout (1 s) it is the cut-over that gives way, never a writer.
 * @returns how many rows were moved into `bridge_states`.
 * @throws EffectError `transient` when the table was never free.
 */
export async function cutOver(pool: Pool): Promise<{ moved: number }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withTransaction(
        pool,
        async (tx) => {
          await tx.query("SET LOCAL lock_timeout = '500ms'");
          await tx.query(`SET LOCAL statement_timeout = ${LONGEST_MS}`);
          const { rows } = await tx.query<{ moved: number }>('SELECT bridge_cut_over() AS moved');
          return { moved: rows[0]?.moved ?? 0 };
        },
        { deadlineMs: LONGEST_MS },
      );
    } catch (error) {
      if (!(error instanceof EffectError) || error.failureClass !== 'transient' || attempt >= ATTEMPTS) throw error;
      await delay(Math.min(attempt * 100, 2_000));
    }
  }
}
