/** This module creates a database that does not exist. */
import pg from 'pg';
import type { PostgresEndpoint } from '../../endpoints.js';
import { withClient } from '../core/client.js';

/** Creates the server's database when it does not exist. */
export async function ensureDatabase(server: PostgresEndpoint): Promise<void> {
  if (await exists(server)) return;
  const url = new URL(server.url);
  const name = decodeURIComponent(url.pathname.slice(1));
  url.pathname = '/postgres';
  await withClient({ ...server, url: url.href }, async (client) => {
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} ${await utf8Options(client)}`);
    } catch (error) {
      // Another run was faster: 42P04, or 23505 when both were in the middle of it.
      if (!(await exists(server))) throw error;
    }
  });
}

/** Returns whether an error of connecting says that the server is there, and the database is not. */
export const isMissingDatabase = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof pg.DatabaseError && error.cause.code === '3D000';

/** Returns the options that make a new database UTF8. Only the C locale goes with every encoding. */
async function utf8Options(client: pg.Client): Promise<string> {
  const { rows } = await client.query(
    "SELECT FROM pg_database WHERE datname = 'template1' AND pg_encoding_to_char(encoding) = 'UTF8'",
  );
  return rows.length > 0 ? '' : `ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`;
}

/**
 * Asks whether the database exists, by connecting to it. A user who may use it need not be allowed to use another
 * database to ask in.
 */
async function exists(server: PostgresEndpoint): Promise<boolean> {
  try {
    await withClient(server, () => Promise.resolve());
    return true;
  } catch (error) {
    if (isMissingDatabase(error)) return false;
    throw error;
  }
}
