/** The migrated database that every database of a test is cloned from: a clone takes 0.1 s, the migrations 0.6 s. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { migrate } from '../../src/postgres/migrate.js';

export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Names the template to every process of the run. */
const TEMPLATE = 'TEST_TEMPLATE_DATABASE';

/** The server to test against; its databases are created and dropped. */
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

export const newName = (): string => `bridge_test_${randomBytes(6).toString('hex')}`;

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

export const dropDatabase = (name: string) =>
  onServer((client) => client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`));

/** Called once a run, before its first test. */
export async function makeTemplate(): Promise<void> {
  const name = newName();
  await migrate(databaseUrl(name), { dir: MIGRATIONS });
  process.env[TEMPLATE] = name;
}

export async function dropTemplate(): Promise<void> {
  const name = process.env[TEMPLATE];
  if (name !== undefined) await dropDatabase(name);
}

/** Creates a migrated database; where the run has no template, an empty one is migrated. */
export async function cloneTemplate(name: string): Promise<void> {
  const template = process.env[TEMPLATE];
  if (template === undefined) await migrate(databaseUrl(name), { dir: MIGRATIONS });
  else await onServer((client) => client.query(`CREATE DATABASE "${name}" TEMPLATE "${template}"`));
}
