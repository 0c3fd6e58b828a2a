/** This module brings a database to the shape that this version expects, and creates it when it does not exist. */
import { runner } from 'node-pg-migrate';
import { EffectError } from '../../domain/failures/failure.js';
import { encodingProblem } from './encoding.js';
import { withClient } from '../core/client.js';
import { buildIndexes } from './concurrent-indexes.js';
import { ensureDatabase } from './database.js';
import type { PostgresEndpoint } from '../../endpoints.js';
import { LOCK_TIMEOUT_MS, type Waiting, whenFree } from './free-tables.js';
import { type RunBefore, takeTurn } from './turn.js';

export interface MigrateOptions {
  /** Directory of the numbered SQL files; its folder `indexes` holds those that are built outside of a transaction. */
  readonly dir: string;
  /** Called with what is done, a line at a time. */
  readonly log?: (line: string) => void;
  /** Called when a table is not free yet. */
  readonly waiting?: Waiting;
  /** Called when another run has not ended after some seconds, and then each minute. */
  readonly beforeUs?: (run: RunBefore) => void;
}

/** This table tells our migrations from those that another service keeps in the same database. */
export const MIGRATIONS_TABLE = 'bridge_migrations';
// eslint-disable-next-line @typescript-eslint/no-empty-function -- that is its job
const ignore = () => {};

/**
 * Runs the migrations that have not run yet, all in one transaction, and then builds the indexes that are missing. It
 * is safe to repeat, and to run twice at once: the second run waits for the first and finds nothing to do. It waits for
 * tables in short attempts, because writers queue behind it.
 * @returns names of the migrations that were applied, in order, and of the indexes that were built.
 * @throws EffectError `invalid` for a database whose encoding is not UTF8; `transient` when a table was never free.
 */
export async function migrate(
  server: PostgresEndpoint,
  { dir, log = ignore, waiting, beforeUs }: MigrateOptions,
): Promise<{ applied: string[]; indexes: string[] }> {
  await ensureDatabase(server);
  return withClient(server, async (client) => {
    const problem = await encodingProblem(client);
    if (problem !== null) throw new EffectError('invalid', problem, { store: 'postgres' });
    // Notices of IF NOT EXISTS are expected on an upgrade.
    await client.query('SET client_min_messages = warning');
    await takeTurn(client, beforeUs);
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const run = () =>
      runner({
        dbClient: client,
        dir,
        direction: 'up',
        migrationsTable: MIGRATIONS_TABLE,
        noLock: true,
        singleTransaction: true,
        checkOrder: true,
        log,
      });
    const applied = await whenFree(run, waiting);
    return { applied: applied.map(({ name }) => name), indexes: await buildIndexes(client, dir) };
  });
}
