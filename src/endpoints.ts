/** Endpoints say how the three servers are reached. Whoever opens a connection is handed one: all connect alike. */
import type { ClientConfigTLS } from '@temporalio/envconfig';
import type { TlsNames } from './domain/failures/tls-failures.js';
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
  /** The variable that names the server, for messages; default `DATABASE_URL`. */
  readonly source?: string;
  /** The login, read again for each new connection; default: what the URL says. */
  readonly login?: PostgresLogin;
  /** The encryption of connections; default: none. */
  readonly tls?: PostgresTls;
  /** The pooler in front of the server. One of transactions keeps no session from one to the next. */
  readonly pooler?: 'none' | 'transaction';
  /** The same database for what needs a session and the rights of the tables' owner; default: this endpoint. */
  readonly migration?: PostgresEndpoint;
}

export interface PostgresLogin {
  /** The variable that names the password, for messages. */
  readonly source: string;
  /** @throws SecretError as a `Secret`. */
  read(): Promise<{ readonly user?: string; readonly password: string }>;
}

/** The files are PEM, and are read again for each new connection. */
export interface PostgresTls {
  /** `require` verifies nothing, `verify-ca` the signature of the server's certificate, `verify-full` its name too. */
  readonly mode: 'require' | 'verify-ca' | 'verify-full';
  /** The CAs to trust; default: those that Node trusts. */
  readonly ca?: Secret;
  /** The certificate of this client, and its key. */
  readonly cert?: Secret;
  readonly key?: Secret;
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
  readonly names: TlsNames;
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

/** Returns endpoints as they may be shown and stored: their addresses, without any secret. */
export function withoutSecrets(endpoints: Endpoints): Endpoints;
export function withoutSecrets(endpoints: KnownEndpoints): KnownEndpoints;
export function withoutSecrets({ temporal, postgres, kafka }: KnownEndpoints): KnownEndpoints {
  return {
    temporal: temporal && { address: temporal.address, namespace: temporal.namespace, ui: temporal.ui },
    postgres: postgres && { url: withoutPassword(postgres.url) },
    kafka: kafka && { brokers: kafka.brokers },
  };
}

/** Returns a URL without its password and without its parameters, which may hold one. */
function withoutPassword(text: string): string {
  const url = new URL(text);
  url.password = '';
  url.search = '';
  return url.href;
}

/** Returns the address of a PostgreSQL server for messages, without user and password. */
export function addressOf({ url }: PostgresEndpoint): string {
  if (!URL.canParse(url)) return 'an address that is no URL';
  const { host, port } = new URL(url);
  return `${decoded(host)}${port === '' ? ':5432' : ''}`;
}

/** Returns the user, the password and the database that a URL names. */
export const partsOf = ({ username, password, pathname, searchParams }: URL) => ({
  user: decoded(username) || (searchParams.get('user') ?? ''),
  password: decoded(password) || (searchParams.get('password') ?? ''),
  database: decoded(pathname.slice(1)),
});

/** Decodes a part of a URL. A percent sign that stands for itself is taken as it is, as the driver does. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
