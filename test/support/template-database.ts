/**
 * The template is the migrated database that every database of a test is cloned from. A clone takes 0.1 s, the
 * migrations 0.6 s.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import pg from 'pg';
import { migrate } from '../../src/postgres/schema/migrate.js';
import { rolesSql } from '../../src/postgres/schema/roles.js';
import { runName } from './run.js';

export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** The variable that names the template to every process of the run. */
const TEMPLATE = 'TEST_TEMPLATE_DATABASE';

/** Returns the URL of the server to test against, on which databases are created and dropped. */
function serverUrl(): string {
  const url = process.env['DATABASE_URL'];
  assert.ok(url, 'DATABASE_URL: expected the URL of a PostgreSQL server');
  return url;
}

export function databaseUrl(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

const prefix = (): string => `bridge_test_${runName() ?? ''}_`;
export const newName = (): string => `${prefix()}${randomBytes(6).toString('hex')}`;

/** Runs statements on a connection of their own. */
export async function onServer<T>(work: (client: pg.Client) => Promise<T>, url = serverUrl()): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Drops a database, unless there is a run, whose end drops it. PostgreSQL has dropped a database when every backend has
 * taken note. A backend whose statements all end by `lock_timeout` never takes note. Beside tests that lock rows, a
 * drop took 60 s.
 */
export async function dropDatabase(name: string): Promise<void> {
  if (runName() === undefined) await drop([name]);
}

/** The number of databases to drop at once. Each drop makes a checkpoint, and drops that wait for one share it. */
const DROPS_AT_ONCE = 16;

async function drop(names: readonly string[]): Promise<void> {
  const limit = pLimit(DROPS_AT_ONCE);
  const dropOne = (name: string) =>
    onServer((client) => client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`));
  await Promise.all(names.map((name) => limit(dropOne, name)));
}

/** Makes the template. It is called once a run, before its first test. */
export async function makeTemplate(): Promise<void> {
  const name = newName();
  await prepare(name);
  process.env[TEMPLATE] = name;
}

/** Migrates a database, and gives the roles their rights as an operator does (`bridge setup --print-roles`). */
async function prepare(name: string): Promise<void> {
  const url = databaseUrl(name);
  await migrate({ url }, { dir: MIGRATIONS });
  await onServer((client) => client.query(rolesSql(name)), url);
}

/**
 * Returns the URL of a database as workers log in to it: with the rights of a worker and no more. A server that asks
 * for a password is somebody's own, whose roles are left alone.
 */
export function asWorker(given: string): string {
  const url = new URL(given);
  if (url.password === '') url.username = 'bridge_worker';
  return url.href;
}

/** Drops the databases of a run. It is called once, after the last test. */
export async function dropDatabases(): Promise<void> {
  const query = 'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)';
  const { rows } = await onServer((client) => client.query<{ name: string }>(query, [prefix()]));
  await drop(rows.map(({ name }) => name));
}

/** Creates a migrated database. Where the run has no template, an empty database is migrated. */
export async function cloneTemplate(name: string): Promise<void> {
  const template = process.env[TEMPLATE];
  if (template === undefined) await prepare(name);
  else await onServer((client) => client.query(`CREATE DATABASE "${name}" TEMPLATE "${template}"`));
}
