import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { MIGRATIONS_TABLE } from './migrate.js';
import { type Pool, withConnection } from '../core/pool.js';

/** Returns the names of the migrations in `dir` that the database does not have yet; only reads. @throws EffectError */
export async function pendingMigrations(pool: Pool, dir: string): Promise<string[]> {
  const files = await readdir(dir);
  const names = files.filter((file) => file.endsWith('.sql')).map((file) => basename(file, '.sql'));
  return withConnection(pool, async (connection) => {
    const { rows: tables } = await connection.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
      MIGRATIONS_TABLE,
    ]);
    if (tables[0]?.found !== true) return names.sort();
    const { rows } = await connection.query<{ name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE}`);
    const applied = new Set(rows.map(({ name }) => name));
    return names.filter((name) => !applied.has(name)).sort();
  });
}
