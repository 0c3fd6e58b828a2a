/** This module gives each test file a database of its own. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Command } from '../../src/domain/intents/command.js';
import { createPool, type Pool } from '../../src/postgres/core/pool.js';
import { checkLocks } from '../invariants/locks.js';
import { checkRows } from '../invariants/rows.js';
import { cloneTemplate, databaseUrl, dropDatabase, newName, onServer } from '../support/template-database.js';

export { databaseUrl, dropDatabase, MIGRATIONS, newName, onServer } from '../support/template-database.js';

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
}

export interface DatabaseOptions {
  /** Prepares an empty database, instead of the clone of the migrated one. */
  readonly prepare?: (url: string) => Promise<void>;
  /** Why the database has rows that no intent made. With a reason, the rows are not compared with the ledger. */
  readonly foreignRows?: string;
}

/**
 * Makes a database for the tests of the enclosing `describe`. After each test every connection has to be back in the
 * pool. After the last one the ledger has to agree with the tables, and no lock is left.
 */
export function useDatabase({ prepare, foreignRows }: DatabaseOptions = {}): TestDatabase {
  const database = {} as { -readonly [K in keyof TestDatabase]: TestDatabase[K] };
  const name = newName();
  before(async function () {
    this.timeout(60_000);
    database.url = databaseUrl(name);
    if (prepare === undefined) {
      await cloneTemplate(name);
    } else {
      await onServer((client) => client.query(`CREATE DATABASE "${name}"`));
      await prepare(database.url);
    }
    database.pool = createPool({ url: database.url }, () => undefined);
  });
  afterEach(() => {
    assert.equal(database.pool.idleCount, database.pool.totalCount, 'a connection was not released');
  });
  after(async () => {
    try {
      const rows = foreignRows === undefined ? await checkRows(database) : [];
      assert.deepEqual([...rows, ...(await checkLocks(database))], []);
    } finally {
      await database.pool.end();
      await dropDatabase(name);
    }
  });
  return database;
}

export const command = <P>(payload: P, fields: Partial<Omit<Command<P>, 'payload'>> = {}): Command<P> => ({
  intent_id: randomUUID(),
  payload_hash: 'ab'.repeat(32),
  correlation_id: 'correlation-1',
  execution_id: 'test/run',
  order_key: randomUUID(),
  payload,
  ...fields,
});

/** Returns the only row of a query. */
export async function one<T extends object>(
  pool: pg.Pool | pg.Client,
  sql: string,
  values: unknown[] = [],
): Promise<T> {
  const { rows } = await pool.query<T>(sql, values);
  assert.equal(rows.length, 1, `${rows.length} rows`);
  return rows[0]!;
}

/** Returns the items in a random order, which a seeded `random` repeats. */
export function shuffled<T>(items: readonly T[], random = Math.random): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
