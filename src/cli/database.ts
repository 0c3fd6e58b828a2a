import type { PostgresEndpoint } from '../endpoints.js';
import { createPool, type Pool } from '../postgres/core/pool.js';

/** Opens a small pool for the length of a command. */
export async function withPool<T>(server: PostgresEndpoint, use: (pool: Pool) => Promise<T>): Promise<T> {
  // A lost connection is reported by the query that needed it.
  const pool = createPool({ ...server, min: 0, max: 2, applicationName: 'bridge-cli' }, () => undefined);
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}
