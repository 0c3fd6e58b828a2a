/** This module connects to the Temporal server, and says which one when that fails. */
import { Connection } from '@temporalio/client';
import { EffectError } from '../domain/failures/failure.js';
import type { TemporalEndpoint } from '../endpoints.js';

/** Returns the failure of a server that cannot be reached. */
export const unreachable = (address: string, cause: unknown): EffectError =>
  new EffectError('unavailable', `Temporal: cannot be reached at ${address}`, { cause, store: 'temporal' });

/** Connects within 5 s. @throws EffectError with the address. */
export const connect = ({ address }: TemporalEndpoint): Promise<Connection> =>
  Connection.connect({ address, connectTimeout: '5 s' }).catch((error: unknown) => {
    throw unreachable(address, error);
  });

/** gRPC's NOT_FOUND. */
const NOT_FOUND = 5;

/** @throws EffectError when the server has no such namespace, which a worker says in twenty lines. */
export async function assertNamespace(
  { workflowService }: Pick<Connection, 'workflowService'>,
  { address, namespace }: TemporalEndpoint,
): Promise<void> {
  try {
    await workflowService.describeNamespace({ namespace });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== NOT_FOUND) throw unreachable(address, error);
    const message = `Temporal: ${address} has no namespace "${namespace}" (TEMPORAL_NAMESPACE)`;
    throw new EffectError('unavailable', message, { cause: error, store: 'temporal' });
  }
}
