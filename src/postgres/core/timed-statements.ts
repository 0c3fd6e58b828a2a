/** This module runs statements of one transaction that may time out without ending it. */
import type pg from 'pg';
import type { Transaction } from './pool.js';

/** query_canceled: `statement_timeout`, or an administrator's cancel. */
const QUERY_CANCELED = '57014';

/** Runs a statement. @returns null when the server cancelled it, or the time of all together was up before it. */
export type TimedStatements = <T>(statement: (tx: Transaction) => Promise<T>) => Promise<T | null>;

/** @param budgetMs of all statements together: one each would add up to more than the transaction's deadline. */
export function timedStatements(tx: Transaction, budgetMs: number): TimedStatements {
  const end = performance.now() + budgetMs;
  return async (statement) => {
    const left = Math.floor(end - performance.now());
    if (left < 1) return null;
    // The number stands in the text itself, because SET takes no parameters.
    await tx.query(`SAVEPOINT timed; SET LOCAL statement_timeout = ${left}`);
    try {
      const result = await statement(tx);
      await tx.query('RELEASE SAVEPOINT timed');
      return result;
    } catch (error) {
      if ((error as Partial<pg.DatabaseError>).code !== QUERY_CANCELED) throw error;
      await tx.query('ROLLBACK TO SAVEPOINT timed');
      return null;
    }
  };
}
