/** This module connects to the Temporal server, and says which one when that fails. */
import { Connection, type ConnectionOptions } from '@temporalio/client';
import type { Logger } from 'pino';
import type { TemporalEndpoint } from '../endpoints.js';
import { seldom } from '../flow-control/seldom.js';
import { GRPC, grpcCode } from './grpc.js';
import { refusalOr, temporalUnavailable, unreachable } from './refusal.js';
import { renewed } from './renewal.js';

/** Options of a connection beside those of its endpoint. */
type Own = Pick<ConnectionOptions, 'connectTimeout' | 'interceptors' | 'channelArgs'>;

/**
 * Makes a connection that connects with its first request. Its API key and certificates follow their files.
 * @param failed called when changed files cannot be used.
 * @throws EffectError when a file cannot be read.
 */
export const lazyConnection = (
  endpoint: TemporalEndpoint,
  own: Own = {},
  failed?: (error: unknown) => void,
): Promise<Connection> => {
  const open = (options: ConnectionOptions) => Connection.lazy({ ...own, ...options });
  return renewed(endpoint, { open, failed });
};

/** Logs, once a minute, that changed files cannot be used. */
export function unusableCredentials(logger: Pick<Logger, 'warn'>): (error: unknown) => void {
  const due = seldom();
  return (error) => {
    if (due('credentials') === undefined) return;
    logger.warn({ err: error, store: 'temporal' }, 'changed credentials of Temporal cannot be used: the old ones stay');
  };
}

/** Connects within 5 s. @throws EffectError with the address, and with what to set where that is known. */
export async function connect(endpoint: TemporalEndpoint, own: Own = { connectTimeout: '5 s' }): Promise<Connection> {
  let connection: Connection | undefined;
  try {
    connection = await lazyConnection(endpoint, own);
    await connection.ensureConnected();
    return connection;
  } catch (error) {
    await connection?.close();
    throw await unreachable(endpoint, error);
  }
}

/** Connects for the length of `use`. @throws EffectError with the address, also when the server refuses a request. */
export async function withConnection<T>(
  endpoint: TemporalEndpoint,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(endpoint);
  try {
    return await use(connection);
  } catch (error) {
    throw refusalOr(endpoint, error);
  } finally {
    await connection.close();
  }
}

/** @throws EffectError when the server has no such namespace, which a worker says in twenty lines. */
export async function assertNamespace(
  { workflowService }: Pick<Connection, 'workflowService'>,
  endpoint: TemporalEndpoint,
): Promise<void> {
  const { address, namespace } = endpoint;
  try {
    await workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (grpcCode(error) !== GRPC.NOT_FOUND) throw await unreachable(endpoint, error);
    throw temporalUnavailable(`${address} has no namespace "${namespace}" (TEMPORAL_NAMESPACE)`, error);
  }
}
