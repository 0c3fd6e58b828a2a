/**
 * These tests check statements that share the time of their transaction. A statement that outlasts it loses its own
 * answer, and those before it keep theirs.
 */
import assert from 'node:assert/strict';
import { withTransaction } from '../../../src/postgres/core/pool.js';
import { timedStatements } from '../../../src/postgres/core/timed-statements.js';
import { useDatabase } from '../support.js';

describe('statements that may time out', () => {
  const database = useDatabase();

  it('have one time together: the one that outlasts it is cancelled, and the transaction goes on', async () => {
    const answers = await withTransaction(database.pool, async (tx) => {
      const timed = timedStatements(tx, 1_000);
      const sleep = (seconds: number) =>
        timed(
          async (at) =>
            (await at.query<{ slept: number }>(`SELECT $1::float8 AS slept, pg_sleep($1)`, [seconds])).rows[0]?.slept,
        );
      // Each of the first two takes less than the second they share, and both together take more.
      const [first, second, third] = [await sleep(0.5), await sleep(0.8), await sleep(0)];
      const { rows } = await tx.query<{ alive: boolean }>('SELECT true AS alive');
      return [first, second, third, rows[0]?.alive];
    });
    assert.deepEqual(answers, [0.5, null, null, true]);
  });
});
