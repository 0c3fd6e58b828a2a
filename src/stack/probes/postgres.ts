import pg from 'pg';
import type { Endpoints } from '../../endpoints.js';

/**
 * The code invalid_catalog_name: the server answers, only the database is not there yet, and `bridge setup` makes it.
 */
const NO_SUCH_DATABASE = '3D000';

/** @throws unless a PostgreSQL server lets us in and answers within `timeoutMs`. */
export async function probePostgres({ url }: Endpoints['postgres'], timeoutMs: number): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs });
  // A connection cut between two calls is an event, and an unheard 'error' event ends the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } catch (error) {
    if ((error as { code?: unknown }).code !== NO_SUCH_DATABASE) throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Creates the database of `url` unless it exists. */
export async function ensureDatabase(url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const client = new pg.Client({ connectionString: maintenance.href, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
