import type { Pool } from 'pg';
import { createPool } from '../postgres/pool.js';

/** A small pool for the length of a command. */
export async function withPool<T>(connectionString: string, use: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = createPool({ connectionString, max: 2, applicationName: 'bridge-cli' });
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}
