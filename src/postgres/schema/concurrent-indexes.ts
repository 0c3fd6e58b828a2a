/**
 * This module builds the indexes that large tables get after their creation. They are built outside of any transaction,
 * so that writers go on meanwhile.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type pg from 'pg';
import { EffectError } from '../../domain/failures/failure.js';
import { type Pool, withConnection } from '../core/pool.js';

/** The folder of the files, in the one of the migrations. */
const FOLDER = 'indexes';

interface Index {
  readonly name: string;
  readonly sql: string;
}

/**
 * Builds the indexes that are missing, and those that a killed build has left invalid. Nobody else may do so at the
 * same time.
 * @param dir directory of the migrations.
 * @returns the names of those that were built.
 * @throws EffectError `invalid` for a file that does not hold its index.
 */
export async function buildIndexes(client: pg.Client, dir: string): Promise<string[]> {
  const unfinished = await unfinishedOf(client, await indexesIn(dir));
  // A build waits for every transaction that is older, and stops none. So it may take as long as they do.
  if (unfinished.length > 0) await client.query('SET lock_timeout = 0; SET statement_timeout = 0');
  for (const { name, sql, left } of unfinished) {
    if (left) await client.query(`DROP INDEX CONCURRENTLY "${name}"`);
    await client.query(sql);
  }
  return unfinished.map(({ name }) => name);
}

/** Returns the names of the indexes that the database does not have, or has invalid; only reads. @throws EffectError */
export async function pendingIndexes(pool: Pool, dir: string): Promise<string[]> {
  const indexes = await indexesIn(dir);
  return withConnection(pool, async (connection) => (await unfinishedOf(connection, indexes)).map(({ name }) => name));
}

/** Returns the indexes that are not there, or that a build has left behind. */
async function unfinishedOf(
  client: Pick<pg.Client, 'query'>,
  indexes: readonly Index[],
): Promise<(Index & { readonly left: boolean })[]> {
  const { rows } = await client.query<{ name: string; valid: boolean }>(
    `SELECT name, indisvalid AS valid FROM unnest($1::text[]) AS name
     JOIN pg_index ON indexrelid = to_regclass(quote_ident(name))`,
    [indexes.map(({ name }) => name)],
  );
  const valid = new Map(rows.map((row) => [row.name, row.valid]));
  return indexes.flatMap((index) =>
    valid.get(index.name) === true ? [] : [{ ...index, left: valid.has(index.name) }],
  );
}

async function indexesIn(dir: string): Promise<Index[]> {
  const files = (await readdir(join(dir, FOLDER))).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(join(dir, FOLDER, file), 'utf8');
      const name = basename(file, '.sql');
      const statements = sql.replace(/--.*$/gm, '').trim().replace(/;$/, '');
      const created = /^CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(\w+)\s+ON\s[^;]+$/i.exec(statements)?.[1];
      if (created === name) return { name, sql: statements };
      throw new EffectError(
        'invalid',
        `${FOLDER}/${file}: expected one statement, CREATE INDEX CONCURRENTLY ${name} ON ...`,
        { store: 'postgres' },
      );
    }),
  );
}
