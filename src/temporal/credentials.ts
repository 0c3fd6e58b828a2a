/** This module reads what a connection to Temporal presents: certificates and API key, as their files have them now. */
import { toClientOptions } from '@temporalio/envconfig';
import { isDeepStrictEqual } from 'node:util';
import { EffectError } from '../domain/failures/failure.js';
import { shownPath } from '../domain/values/shown.js';
import type { TemporalEndpoint } from '../endpoints.js';
import { SecretError } from '../secret.js';

/** Connection options are those that the SDK's two kinds of connection share. */
export type ConnectionOptions = ReturnType<typeof toClientOptions>['connectionOptions'] & {
  readonly address: string;
};

/** Reads files and secret again. @throws EffectError naming the variable of a file that cannot be read. */
export async function connectionOptions(endpoint: TemporalEndpoint): Promise<ConnectionOptions> {
  const { address, tls, metadata } = endpoint;
  try {
    const apiKey = await endpoint.apiKey?.read();
    const { connectionOptions: options } = toClientOptions({
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { grpcMeta: { ...metadata } }),
    });
    return { ...options, address };
  } catch (error) {
    throw new EffectError('unavailable', `Temporal: ${reasonOf(error, endpoint)}`, { cause: error, store: 'temporal' });
  }
}

/** Says which variable names the file that cannot be read. */
function reasonOf(error: unknown, { tls }: TemporalEndpoint): string {
  if (error instanceof SecretError) return error.message;
  const path = error instanceof Error && 'path' in error ? error.path : undefined;
  const sources = { CLIENT_CERT: tls?.clientCert, CLIENT_KEY: tls?.clientKey, SERVER_CA_CERT: tls?.serverCACert };
  const [field] =
    Object.entries(sources).find(([, source]) => source && 'path' in source && source.path === path) ?? [];
  if (field === undefined) throw error;
  return `TEMPORAL_TLS_${field}_PATH: ${shownPath(String(path))} cannot be read`;
}

/** Returns whether an endpoint has files or a secret that may change while a connection lives. */
export const mayChange = ({ tls, apiKey }: TemporalEndpoint): boolean =>
  apiKey !== undefined ||
  [tls?.clientCert, tls?.clientKey, tls?.serverCACert].some((source) => source !== undefined && 'path' in source);

/** Returns whether two connections would be made with the same certificates. */
export const sameTls = (one: ConnectionOptions, other: ConnectionOptions): boolean =>
  isDeepStrictEqual(one.tls, other.tls);
