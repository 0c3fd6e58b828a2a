/** Endpoints say how the three servers are reached. Whoever opens a connection is handed one: all connect alike. */
import type { ClientConfigTLS } from '@temporalio/envconfig';
import type { Secret } from './secret.js';

/** Temporal credentials are all that a connection needs beside the address. Files and secrets are read again. */
export interface TemporalCredentials {
  /** TLS as a profile of Temporal's has it. Absent: no TLS, unless there is an API key. */
  readonly tls?: ClientConfigTLS;
  readonly apiKey?: Secret;
  /** The headers of each request. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface TemporalEndpoint extends TemporalCredentials {
  /** host:port. */
  readonly address: string;
  readonly namespace: string;
  /** Address of the Web UI; null when none is known, as for a given server. */
  readonly ui: string | null;
}

export interface PostgresEndpoint {
  readonly url: string;
}

export interface KafkaEndpoint {
  /** Each host:port. */
  readonly brokers: readonly string[];
}

export interface Endpoints {
  readonly temporal: TemporalEndpoint;
  readonly postgres: PostgresEndpoint;
  readonly kafka: KafkaEndpoint;
}

/** Returns an endpoint of Temporal as it may be shown and stored: without credentials. */
export const withoutCredentials = ({ address, namespace, ui }: TemporalEndpoint): TemporalEndpoint => ({
  address,
  namespace,
  ui,
});

/** Known endpoints are endpoints, and null for a server that nobody has named or started. */
export type KnownEndpoints = { readonly [Name in keyof Endpoints]: Endpoints[Name] | null };
