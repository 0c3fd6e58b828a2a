/** Endpoints say how the three servers are reached. Whoever opens a connection is handed one: all connect alike. */

export interface TemporalEndpoint {
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

/** Known endpoints are endpoints, and null for a server that nobody has named or started. */
export type KnownEndpoints = { readonly [Name in keyof Endpoints]: Endpoints[Name] | null };
