/** This module opens connections to PostgreSQL that belong to no pool: each is for one piece of work. */
import pg from 'pg';
import type { PostgresEndpoint } from '../../endpoints.js';
import { failedToConnect, toEffectError } from './sqlstate.js';

/** Runs `work` on a connection of its own. @throws EffectError when the server cannot be reached or refuses. */
export async function withClient<T>({ url }: PostgresEndpoint, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, keepAlive: true });
  let loss: Error | undefined;
  client.on('error', (error) => (loss ??= error));
  try {
    await client.connect().catch((error: unknown) => {
      throw failedToConnect(error);
    });
    return await work(client);
  } catch (error) {
    throw toEffectError(error, loss);
  } finally {
    await client.end().catch(() => undefined);
  }
}
