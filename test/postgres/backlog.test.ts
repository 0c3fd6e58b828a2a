/** These tests check the figures on what waits in PostgreSQL, of which alerts are made. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readBacklog } from '../../src/postgres/backlog.js';
import { useDatabase } from './support.js';

describe('backlog in PostgreSQL', () => {
  const database = useDatabase({ foreignRows: 'letters and parked lists of no intent' });

  const letter = (minutesAgo: number, redriven = false) =>
    database.pool.query(
      `INSERT INTO dead_letters (event_id, topic, message_key, message_value, failure_reason, retry_attempts, created_at,
         redriven_at)
       VALUES ($1::uuid, 't', $1::text, '{}', 'test', 3, now() - $2 * INTERVAL '1 minute', $3)`,
      [randomUUID(), minutesAgo, redriven ? new Date() : null],
    );
  const park = (partition: string, minutesAgo: number) =>
    database.pool.query(
      `INSERT INTO intake_parked (event_id, partition, keys, list, parked_at)
       VALUES ($1::text, $2, ARRAY[$1::text], '{}', now() - $3 * INTERVAL '1 minute')`,
      [randomUUID(), partition, minutesAgo],
    );
  const minutes = (seconds: number) => Math.floor(seconds / 60);

  it('is empty without letters and parked lists', async () => {
    assert.deepEqual(await readBacklog(database.pool), {
      openLetters: 0,
      oldestLetterSeconds: 0,
      parkedLists: 0,
      oldestParkedSeconds: 0,
    });
  });

  it('counts what is open, and takes the age of the oldest of all partitions', async () => {
    await letter(90, true);
    await letter(20);
    await letter(10);
    await park('p/0', 3);
    await park('p/1', 40);
    await park('p/1', 30);
    const backlog = await readBacklog(database.pool);
    assert.deepEqual([backlog.openLetters, minutes(backlog.oldestLetterSeconds)], [2, 20]);
    assert.deepEqual([backlog.parkedLists, minutes(backlog.oldestParkedSeconds)], [3, 40]);
  });
});
