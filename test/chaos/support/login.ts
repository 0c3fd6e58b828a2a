/**
 * Workers of a chaos run log in with a password, which the run can rotate. Everybody else is trusted by the local
 * server.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type pg from 'pg';

/** The role has a name of its own, because the template of the databases makes `bridge_worker` without a password. */
export const LOGIN = { role: 'chaos_worker', password: 'first' } as const;

const RULE = `host all ${LOGIN.role} all scram-sha-256\n`;

/** Creates the role, and makes the server ask it for its password. Several installations may do so at once. */
export async function createLogin(pool: pg.Pool): Promise<void> {
  await inTurn(
    pool,
    `IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${LOGIN.role}') THEN
       CREATE ROLE ${LOGIN.role} SUPERUSER LOGIN PASSWORD '${LOGIN.password}';
     END IF;`,
  );
  const { rows } = await pool.query<{ hba_file: string }>('SHOW hba_file');
  const file = rows[0]?.hba_file ?? '';
  const rules = await readFile(file, 'utf8');
  // The first rule that fits a connection decides about it.
  if (!rules.startsWith(RULE)) await writeFile(file, RULE + rules);
  await pool.query('SELECT pg_reload_conf()');
}

/** Gives the role a password that its workers do not have, or the one that they have. */
export const rotatePassword = (pool: pg.Pool, password: string): Promise<void> =>
  inTurn(pool, `ALTER ROLE ${LOGIN.role} PASSWORD '${password}';`);

/** Changes the role. PostgreSQL refuses to change a role twice at once. */
async function inTurn(pool: pg.Pool, change: string): Promise<void> {
  await pool.query(`BEGIN; LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE; DO $$ BEGIN ${change} END $$; COMMIT`);
}
