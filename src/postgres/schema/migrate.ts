/** This module brings a database to the shape that this version expects, and creates it when it does not exist. */
import pg from 'pg';
import { runner } from 'node-pg-migrate';
import { EffectError } from '../../domain/failures/failure.js';
import { encodingProblem } from './encoding.js';
import { withClient } from '../core/client.js';
import type { PostgresEndpoint } from '../../endpoints.js';

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
  server: PostgresEndpoint,
  { dir, log = ignore }: MigrateOptions,
): Promise<{ applied: string[] }> {
  await ensureDatabase(server);
  return withClient(server, async (client) => {
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

/** Creates the server's database when it does not exist. @returns true when it was created. */
async function ensureDatabase(server: PostgresEndpoint): Promise<boolean> {
  if (await exists(server)) return false;
  const url = new URL(server.url);
  const name = decodeURIComponent(url.pathname.slice(1));
  url.pathname = '/postgres';
  return withClient({ ...server, url: url.href }, async (client) => {
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} ${await utf8Options(client)}`);
      return true;
    } catch (error) {
      // Another run was faster: 42P04, or 23505 when both were in the middle of it.
      if (await exists(server)) return false;
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
async function exists(server: PostgresEndpoint): Promise<boolean> {
  try {
    await withClient(server, () => Promise.resolve());
    return true;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof pg.DatabaseError && cause.code === '3D000') return false;
    throw error;
  }
}
