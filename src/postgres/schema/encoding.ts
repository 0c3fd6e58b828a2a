/** This module says whether a database can hold every text. */
import type pg from 'pg';

/**
 * Returns how the encoding of a database differs from UTF8, and how to get one that does not; null when it is UTF8.
 * Others lack characters: one name of a state would fail all that shares its transaction.
 */
export async function encodingProblem(connection: pg.ClientBase): Promise<string | null> {
  const { rows } = await connection.query<{ name: string; encoding: string }>(
    "SELECT current_database() AS name, current_setting('server_encoding') AS encoding",
  );
  const [{ name, encoding } = { name: '', encoding: '' }] = rows;
  if (encoding === 'UTF8') return null;
  return (
    `expected a database with the encoding UTF8, got ${JSON.stringify(name)} with ${encoding}; ` +
    'make another with "createdb -E UTF8 -T template0 NAME", and name it in DATABASE_URL or PGDATABASE'
  );
}
