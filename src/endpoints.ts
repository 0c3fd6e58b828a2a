/** Endpoints say how the three servers are reached. Whoever opens a connection is handed one: all connect alike. */
import type { Secret } from './secret.js';

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
  /** TLS and the login; absent: neither (PLAINTEXT). */
  readonly security?: KafkaSecurity;
}

/** This security is that of every connection to a broker. Texts and files are read again for each new connection. */
export interface KafkaSecurity {
  /** Present: connections use TLS. A certificate authority that is absent is one that Node trusts. */
  readonly tls?: { readonly ca?: Pem; readonly cert?: Pem; readonly key?: Pem };
  /** Present: connections log in by SASL. */
  readonly login?: KafkaLogin;
  /** The names by which messages call the settings: variables, or options of the client. */
  readonly names: Readonly<Record<'brokers' | 'protocol' | 'ca' | 'cert', string>>;
}

export type KafkaLogin =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: Secret;
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: Secret | TokenEndpoint };

/** A token endpoint gives OAuth tokens for a client's credentials (RFC 6749, section 4.4). */
export interface TokenEndpoint {
  /** The setting that names it, for messages. */
  readonly source: string;
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scope?: string;
}

/** Certificates, or a private key, in PEM. */
export interface Pem {
  /** The setting that names it, for messages. */
  readonly source: string;
  /** Reads at once, because kafkajs waits for no socket. @throws SecretError when its file cannot be read. */
  read(): string;
}

export interface Endpoints {
  readonly temporal: TemporalEndpoint;
  readonly postgres: PostgresEndpoint;
  readonly kafka: KafkaEndpoint;
}

/** Known endpoints are endpoints, and null for a server that nobody has named or started. */
export type KnownEndpoints = { readonly [Name in keyof Endpoints]: Endpoints[Name] | null };
