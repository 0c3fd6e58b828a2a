/** This module opens the clients of a command, and closes them when it ends. */
import { Client } from '@temporalio/client';
import type { Config } from '../config.js';
import { StoreEffectClient } from '../client/store-effect-client.js';
import { dataConverterOf } from '../payloads/data-converter.js';
import { withConnection } from '../temporal/connect.js';
import { endpointsOf } from './context.js';
import type { Endpoints } from '../endpoints.js';

export interface Connected {
  readonly endpoints: Endpoints;
  readonly temporal: Client;
  readonly client: StoreEffectClient;
}

export async function withTemporal<T>(config: Config, use: (connected: Connected) => Promise<T>): Promise<T> {
  const dataConverter = dataConverterOf(config);
  const endpoints = await endpointsOf(config);
  return withConnection(endpoints.temporal, async (connection) => {
    const temporal = new Client({ connection, namespace: endpoints.temporal.namespace, dataConverter });
    // Commands say when there is no worker, and leave it to the person how long to wait.
    const client = new StoreEffectClient(temporal, config.TEMPORAL_TASK_QUEUE, undefined, temporal, Infinity, 'never');
    return use({ endpoints, temporal, client });
  });
}
