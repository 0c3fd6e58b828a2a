/** This module brings a database to the shape that this version expects, and creates it when it does not exist. */
import pg from 'pg';
import { runner } from 'node-pg-migrate';
import { EffectError } from '../../domain/failures/failure.js';
import { encodingProblem } from './encoding.js';
import { failedToConnect, toEffectError } from '../core/sqlstate.js';

export interface MigrateOptions {
  /** Directory of the numbered SQL files. */
  readonly dir: string;
  /** Called with what is done, a line at a time. */
  readonly log?: (line: string) => void;
}

/** This table tells our migrations from those that another service keeps in the same database. */
export const MIGRATIONS_TABLE = 'bridge_migrations';
// eslint-disable-next-line @typescript-eslint/no-empty-function -- that is its job
const ignore = () => {};

/** Advisory lock of a run; not the library's own, which another service's migrations may hold. */
const LOCK = 62_741_186;

/**
 * Runs the migrations that have not run yet, all in one transaction. It is safe to repeat, and to run twice at once:
 * the second run waits for the first and finds nothing to do.
 * @returns names of the migrations that were applied, in order.
 * @throws EffectError `invalid` for a database whose encoding is not UTF8.
 */
export async function migrate(
  databaseUrl: string,
  { dir, log = ignore }: MigrateOptions,
): Promise<{ applied: string[] }> {
  await ensureDatabase(databaseUrl);
  return withClient(databaseUrl, async (client) => {
    const problem = await encodingProblem(client);
    if (problem !== null) throw new EffectError('invalid', problem, { store: 'postgres' });
    // Notices of IF NOT EXISTS are expected on an upgrade.
    await client.query('SET client_min_messages = warning');
    const applied = await runner({
      dbClient: client,
      dir,
      direction: 'up',
      migrationsTable: MIGRATIONS_TABLE,
      lockValue: LOCK,
      advisoryLockMode: 'wait',
      singleTransaction: true,
      checkOrder: true,
      log,
    });
    return { applied: applied.map(({ name }) => name) };
  });
}

/** Creates the URL's database when it does not exist. @returns true when it was created. */
async function ensureDatabase(databaseUrl: string): Promise<boolean> {
  if (await exists(databaseUrl)) return false;
  const url = new URL(databaseUrl);
  const name = decodeURIComponent(url.pathname.slice(1));
  url.pathname = '/postgres';
  return withClient(url.href, async (client) => {
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} ${await utf8Options(client)}`);
      return true;
    } catch (error) {
      // Another run was faster: 42P04, or 23505 when both were in the middle of it.
      if (await exists(databaseUrl)) return false;
      throw error;
    }
  });
}

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
async function exists(databaseUrl: string): Promise<boolean> {
  try {
    await withClient(databaseUrl, () => Promise.resolve());
    return true;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof pg.DatabaseError && cause.code === '3D000') return false;
    throw error;
  }
}

/** @throws EffectError when the server cannot be reached or refuses. */
async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, keepAlive: true });
  let loss: Error | undefined;
  client.on('error', (error) => (loss ??= error));
  try {
    await client.connect().catch((error: unknown) => {
      throw failedToConnect(error);
    });
    return await work(client);
  } catch (error) {
    throw toEffectError(error, loss);
  } finally {
    await client.end().catch(ignore);
  }
}
