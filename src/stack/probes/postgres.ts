import type { Endpoints } from '../../endpoints.js';
import { withClient } from '../../postgres/core/client.js';
import { isMissingDatabase } from '../../postgres/schema/database.js';

/** @throws unless a PostgreSQL server lets us in and answers within `timeoutMs`. `bridge setup` makes the database. */
export async function probePostgres(endpoint: Endpoints['postgres'], timeoutMs: number): Promise<void> {
  try {
    await withClient(endpoint, (client) => client.query('SELECT 1'), timeoutMs);
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
  }
}
