/** This module reads rows with PostgreSQL's own client, which shares no code with what is tested. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onServer } from './template-database.js';

/**
 * Returns the rows of a query that selects one JSON document a row. They are read by `psql`. Where that is not
 * installed, the driver reads the same text: the local stack's PostgreSQL comes without it.
 */
export async function readByPsql<Row>(url: string, query: string): Promise<Row[]> {
  const asText = `SELECT line::text AS line FROM (${query}) AS documents (line)`;
  return (await psql(url, asText)).map((line) => JSON.parse(line) as Row);
}

async function psql(url: string, query: string): Promise<string[]> {
  try {
    const env = { ...process.env, PGCLIENTENCODING: 'UTF8' };
    const args = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--command', query, url];
    const { stdout } = await promisify(execFile)('psql', args, { env, maxBuffer: 512 * 1024 * 1024 });
    return stdout.split('\n').slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const { rows } = await onServer((client) => client.query<{ line: string }>(query), url);
    return rows.map(({ line }) => line);
  }
}
