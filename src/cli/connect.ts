/** This module opens the clients of a command, and closes them when it ends. */
import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config.js';
import { StoreEffectClient } from '../client/store-effect-client.js';
import type { StackEndpoints } from '../stack/index.js';
import { UnreachableError } from './errors.js';
import { endpointsOf } from './context.js';

export interface Connected {
  readonly endpoints: StackEndpoints;
  readonly temporal: Client;
  readonly client: StoreEffectClient;
}

export async function withTemporal<T>(config: Config, use: (connected: Connected) => Promise<T>): Promise<T> {
  const endpoints = await endpointsOf(config);
  const { address, namespace } = endpoints.temporal;
  const connection = await Connection.connect({ address, connectTimeout: '5 s' }).catch((error: unknown) => {
    throw new UnreachableError(`Temporal: cannot be reached at ${address}`, { cause: error });
  });
  try {
    const temporal = new Client({ connection, namespace });
    return await use({ endpoints, temporal, client: new StoreEffectClient(temporal, config.TEMPORAL_TASK_QUEUE) });
  } finally {
    await connection.close();
  }
}
