/** This module opens the clients of a command, and closes them when it ends. */
import { Client } from '@temporalio/client';
import type { Config } from '../config.js';
import { StoreEffectClient } from '../client/store-effect-client.js';
import { connect } from '../temporal/connect.js';
import type { StackEndpoints } from '../stack/index.js';
import { endpointsOf } from './context.js';

export interface Connected {
  readonly endpoints: StackEndpoints;
  readonly temporal: Client;
  readonly client: StoreEffectClient;
}

export async function withTemporal<T>(config: Config, use: (connected: Connected) => Promise<T>): Promise<T> {
  const endpoints = await endpointsOf(config);
  const { address, namespace } = endpoints.temporal;
  const connection = await connect(address);
  try {
    const temporal = new Client({ connection, namespace });
    return await use({ endpoints, temporal, client: new StoreEffectClient(temporal, config.TEMPORAL_TASK_QUEUE) });
  } finally {
    await connection.close();
  }
}
