/**
 * An executor executes the commands of a store whose rows are free, and replies to the others that they are locked (ADR
 * 0031). It asks before the effect, so that nobody waits in a transaction that others share.
 */
import type { GroupCommitOptions } from '../../flow-control/group-commit.js';
import type { Command, EffectOutcome, LockWait } from '../../domain/intents/command.js';
import { bisect, withoutLocked } from './bisect.js';
import { withLockWait } from './lock-wait.js';
import { type Pool, type Transaction, withTransaction } from './pool.js';
import { isLockTimeout, toEffectError } from './sqlstate.js';

/** Milliseconds in the queue for one lock: ten transactions of ours, which take some 20 each. */
const QUEUE_MS = 200;

/** The statements of one intent type. */
export interface Statements<P, R> {
  /** The tables they write to, as they stand in SQL. */
  readonly tables: string;
  /**
   * Locks the rows that are free, in the order in which the effect writes them, and waits for none.
   * @returns the ids of commands with a row that another transaction has locked, but for those that are executed.
   */
  readonly lockFree: (tx: Transaction, batch: readonly Command<P>[]) => Promise<readonly string[]>;
  /** Executes commands that are new, and replies to all in their order. */
  readonly execute: (tx: Transaction, batch: readonly Command<P>[]) => Promise<EffectOutcome<R>[]>;
}

export function createExecutor<P, R>(
  pool: Pool,
  { tables, lockFree, execute }: Statements<P, R>,
  options: GroupCommitOptions,
): (batch: readonly Command<P>[], locks?: LockWait) => Promise<EffectOutcome<R>[]> {
  const executeFree = (batch: readonly Command<P>[], lockMs: number) =>
    withTransaction(
      pool,
      async (tx) => {
        const locked = new Set(await lockFree(tx, batch));
        const keys = new Set(batch.flatMap((one) => (locked.has(one.intent_id) ? [one.order_key] : [])));
        return withoutLocked(batch, keys, (open) => execute(tx, open));
      },
      { lockMs },
    );
  const ask = (batch: readonly Command<P>[]) => bisect(batch, executeFree, () => isTableLocked(pool, tables));
  const queue = async (batch: readonly Command<P>[]) => {
    try {
      return await withTransaction(pool, (tx) => execute(tx, batch), { lockMs: QUEUE_MS });
    } catch (error) {
      const classified = toEffectError(error);
      if (!isLockTimeout(classified) && classified.failureClass !== 'invalid') throw classified;
      return ask(batch);
    }
  };
  return withLockWait({ ask, queue }, options);
}

/** Returns whether another transaction has locked one of the tables so that no row of it can be written. */
async function isTableLocked(pool: Pool, tables: string): Promise<boolean> {
  try {
    await withTransaction(pool, (tx) => tx.query(`LOCK TABLE ${tables} IN ROW EXCLUSIVE MODE NOWAIT`));
    return false;
  } catch (error) {
    if (isLockTimeout(toEffectError(error))) return true;
    throw error;
  }
}
