/** This module brings a database to the shape that this version expects, and creates it when it does not exist. */
import { runner } from 'node-pg-migrate';
import { EffectError } from '../../domain/failures/failure.js';
import { encodingProblem } from './encoding.js';
import { withClient } from '../core/client.js';
import { ensureDatabase } from './database.js';
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
