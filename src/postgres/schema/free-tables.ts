/**
 * This module lets a change of the schema wait for its tables in short attempts. Whoever comes after it in a lock's
 * queue waits as well, so one long wait behind an open transaction would stop every writer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EffectError } from '../../domain/failures/failure.js';
import { toEffectError } from '../core/sqlstate.js';

/** Attempts at the locks, about a minute in all. */
const ATTEMPTS = 30;

/** Milliseconds of one attempt. Under deadlock_timeout (1 s) the change gives way, and never a writer. */
export const LOCK_TIMEOUT_MS = 500;

/** Says that a table is not free yet; the number is that of the failed attempt. */
export type Waiting = (error: EffectError, attempt: number) => void;

/**
 * Repeats `work` while its tables are not free. It is for work that a failure undoes.
 * @throws EffectError `transient` when they never were, and whatever else ends the work.
 */
export async function whenFree<T>(work: () => Promise<T>, waiting?: Waiting): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (thrown) {
      const error = thrown instanceof EffectError ? thrown : toEffectError(thrown);
      if (error.failureClass !== 'transient' || attempt >= ATTEMPTS) throw error;
      waiting?.(error, attempt);
      await delay(Math.min(attempt * 100, 2_000));
    }
  }
}
