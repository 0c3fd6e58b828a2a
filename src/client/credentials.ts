/** This module takes the credentials that a caller gives as options. They come before those of the environment. */
import type { ConnectionOptions } from '@temporalio/client';
import type { TemporalCredentials } from '../endpoints.js';

/** These are the credentials for the Temporal server, for callers that give them in code. */
export interface CredentialOptions {
  /** TLS as the Temporal SDK has it; default: TEMPORAL_TLS_*, the profile's. Only their files are read again. */
  readonly tls?: ConnectionOptions['tls'] | undefined;
  /** The API key, or a function that returns the one of now; default: TEMPORAL_API_KEY, its file, the profile's. */
  readonly apiKey?: string | (() => string | Promise<string>) | undefined;
}

/** @param environment the credentials that the options leave as they are. */
export function credentialsOf(
  { tls, apiKey }: CredentialOptions,
  environment: TemporalCredentials,
): TemporalCredentials {
  return {
    ...environment,
    ...(tls === undefined ? {} : { tls: sourcesOf(tls) }),
    ...(apiKey === undefined ? {} : { apiKey: secretFrom(apiKey) }),
  };
}

function sourcesOf(tls: Exclude<CredentialOptions['tls'], undefined>): NonNullable<TemporalCredentials['tls']> {
  if (tls === null || typeof tls === 'boolean') return { disabled: tls !== true };
  const { serverNameOverride: serverName, serverRootCACertificate: ca, clientCertPair: pair } = tls;
  return {
    ...(serverName === undefined ? {} : { serverName }),
    ...(ca === undefined ? {} : { serverCACert: { data: ca } }),
    ...(pair === undefined ? {} : { clientCert: { data: pair.crt }, clientKey: { data: pair.key } }),
  };
}

const secretFrom = (apiKey: NonNullable<CredentialOptions['apiKey']>): NonNullable<TemporalCredentials['apiKey']> => ({
  source: 'apiKey',
  read: async () => (typeof apiKey === 'string' ? apiKey : apiKey()),
});
