/** These tests build indexes of a table that is in use: writers go on, and a build that was killed is made up for. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../../src/flow-control/until.js';
import { pendingIndexes } from '../../../src/postgres/schema/concurrent-indexes.js';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { MIGRATIONS, one, useDatabase } from '../support.js';

const INDEX = 'idx_fsm_states_tried';
const INSERT = `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event)
  VALUES ($1, 'workflow_execution', 'UP', 'start')`;

describe('indexes of a table that is in use', () => {
  const database = useDatabase({ foreignRows: 'the rows of these tests are no intents' });
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'bridge-indexes-'));
    cpSync(MIGRATIONS, dir, { recursive: true });
    writeFileSync(
      join(dir, 'indexes', `${INDEX}.sql`),
      `CREATE INDEX CONCURRENTLY ${INDEX} ON fsm_states (current_state);\n`,
    );
  });
  afterEach(async () => {
    rmSync(dir, { recursive: true });
    await database.pool.query(`DROP INDEX IF EXISTS ${INDEX}`);
  });

  const build = () => migrate({ url: database.url }, { dir });
  const isValid = async (): Promise<boolean | undefined> => {
    const sql = 'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)';
    return (await database.pool.query<{ valid: boolean }>(sql, [INDEX])).rows[0]?.valid;
  };
  /** Waits until a build waits for the transactions before it. @returns its backend. */
  const underWay = (): Promise<number> =>
    until(30_000, async () => {
      const { rows } = await database.pool.query<{ pid: number; phase: string }>(
        'SELECT pid, phase FROM pg_stat_progress_create_index WHERE datname = current_database()',
      );
      assert.match(rows[0]?.phase ?? '', /^waiting for/);
      return rows[0]!.pid;
    });
  /** Runs `work` while a transaction has written to the table, and is open. */
  async function whileWritten<T>(work: () => Promise<T>): Promise<T> {
    const writer = await database.pool.connect();
    try {
      await writer.query('BEGIN');
      await writer.query(INSERT, [randomUUID()]);
      return await work();
    } finally {
      await writer.query('COMMIT');
      writer.release();
    }
  }

  it('are built while others write to it', async () => {
    const { pool } = database;
    const before = await one<{ count: number }>(pool, 'SELECT count(*)::int FROM fsm_states');
    const built = await whileWritten(async () => {
      // An array, because a promise would be waited for.
      const building = [build()];
      await underWay();
      for (let row = 0; row < 100; row += 1) await pool.query(INSERT, [randomUUID()]);
      // Every row was written during the build, because it has not ended.
      assert.equal(await isValid(), false);
      return building;
    });
    assert.deepEqual(await built[0], { applied: [], indexes: [INDEX] });
    assert.equal(await isValid(), true);
    const reader = await pool.connect();
    try {
      await reader.query('SET enable_seqscan = off');
      const found = await reader.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM fsm_states WHERE current_state = 'UP'`,
      );
      assert.equal(found.rows[0]?.count, before.count + 101);
    } finally {
      reader.release(true);
    }
    assert.deepEqual(await build(), { applied: [], indexes: [] });
  });

  it('are built anew when their build was killed', async () => {
    await whileWritten(async () => {
      const failed = assert.rejects(build(), { name: 'EffectError', failureClass: 'unavailable' });
      await database.pool.query('SELECT pg_terminate_backend($1)', [await underWay()]);
      await failed;
    });
    assert.equal(await isValid(), false);
    assert.deepEqual(await pendingIndexes(database.pool, dir), [INDEX]);
    assert.deepEqual((await build()).indexes, [INDEX]);
    assert.equal(await isValid(), true);
    assert.deepEqual(await pendingIndexes(database.pool, dir), []);
  });

  it('are built once by several runs at once', async () => {
    const builds = await whileWritten(async () => {
      const runs = [build(), build(), build()];
      await underWay();
      return runs;
    });
    const indexes = (await Promise.all(builds)).map((run) => run.indexes);
    assert.deepEqual(indexes.flat(), [INDEX]);
    assert.equal(await isValid(), true);
  });

  it('are refused when a file holds something else', async () => {
    for (const sql of [
      'SELECT 1',
      `CREATE INDEX ${INDEX} ON fsm_states (current_state)`,
      `CREATE INDEX CONCURRENTLY i ON t (a)`,
    ]) {
      writeFileSync(join(dir, 'indexes', `${INDEX}.sql`), sql);
      await assert.rejects(build(), {
        failureClass: 'invalid',
        message: `indexes/${INDEX}.sql: expected one statement, CREATE INDEX CONCURRENTLY ${INDEX} ON ...`,
      });
    }
  });
});
