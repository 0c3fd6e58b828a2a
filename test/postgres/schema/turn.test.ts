/** These tests let a run of the migrations wait for the session of another one. */
import assert from 'node:assert/strict';
import pg from 'pg';
import { type RunBefore, takeTurn } from '../../../src/postgres/schema/turn.js';
import { one, useDatabase } from '../support.js';

describe('a run of the migrations', () => {
  const database = useDatabase();
  const sessions: pg.Client[] = [];
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.end();
  });
  const session = async () => {
    const client = new pg.Client(database.url);
    sessions.push(client);
    await client.connect();
    return client;
  };

  it('says again and again for which run it waits, and takes its turn when that has ended', async () => {
    const [before, client] = [await session(), await session()];
    await takeTurn(before);
    const { pid } = await one<{ pid: number }>(before, 'SELECT pg_backend_pid() AS pid');
    await before.query('BEGIN');
    const said: RunBefore[] = [];
    let ended: Promise<void> | undefined;
    await takeTurn(
      client,
      (run) => {
        said.push(run);
        if (said.length === 2) ended = before.end();
      },
      { first: 0, again: 0 },
    );
    await ended;
    for (const run of said.slice(0, 2))
      assert.deepEqual(
        { ...run, seconds: typeof run.seconds },
        { pid, state: 'idle in transaction', seconds: 'number' },
      );
    assert.ok(said.length >= 2);
  });
});
