/**
 * This module makes the endpoint of PostgreSQL from the settings. A URL and the `PG*` variables mean the same, as in
 * libpq. The driver reads neither TLS nor the password by itself: it takes `require` for `verify-full`.
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { shownPath } from '../domain/values/shown.js';
import { partsOf, type PostgresEndpoint, type PostgresLogin } from '../endpoints.js';
import { SecretError, secretInFile, secretOf } from '../secret.js';
import { databaseUrl } from './addresses.js';
import { unusable } from './config-error.js';
import type { postgres } from './postgres.js';
import { tlsOf, withoutTls } from './postgres-tls.js';

export type PostgresSettings = z.output<z.ZodObject<typeof postgres>>;

/** An address is a URL, and the variable that it comes from. */
interface Address {
  readonly source: string;
  readonly url: URL;
  /** The file with the URL, when it comes from one. */
  readonly file?: string;
}

/** @returns null when no server is named. @throws ConfigError naming variables that contradict each other. */
export function postgresEndpoint(settings: PostgresSettings): PostgresEndpoint | null {
  const address = addressIn('DATABASE_URL', settings) ?? addressOfParts(settings);
  const migration = addressIn('MIGRATION_DATABASE_URL', settings);
  if (address === null) return null;
  return {
    ...endpointOf(address, settings),
    pooler: settings.PG_POOLER,
    ...(migration === null ? {} : { migration: endpointOf(migration, settings) }),
  };
}

function endpointOf(address: Address, settings: PostgresSettings): PostgresEndpoint {
  const { source, url } = address;
  const login = loginOf(address, settings);
  const tls = tlsOf(source, url.searchParams, settings);
  return {
    url: withoutTls(url),
    source,
    ...(login === undefined ? {} : { login }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function addressIn(name: 'DATABASE_URL' | 'MIGRATION_DATABASE_URL', settings: PostgresSettings): Address | null {
  const source = `${name}_FILE` as const;
  const { [source]: file, [name]: given } = settings;
  if (file !== undefined)
    return { source, url: urlIn(textOf(source, file), (problem) => unusable(`${source}: ${problem}`)), file };
  return given === undefined ? null : { source: name, url: new URL(given) };
}

function textOf(source: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw unusable(`${source}: expected a file that can be read, got ${shownPath(path)}`);
  }
}

/** @throws what `fail` makes of the problem, without the text itself: that may hold a password. */
function urlIn(text: string, fail: (problem: string) => Error): URL {
  const parsed = databaseUrl.safeParse(text);
  if (parsed.success) return new URL(parsed.data);
  throw fail(parsed.error.issues.map(({ message }) => message).join(', '));
}

function addressOfParts({ PGHOST, PGPORT, PGUSER, PGDATABASE }: PostgresSettings): Address | null {
  if (PGHOST === undefined) return null;
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(PGHOST) ?? [];
  if (PGPORT !== undefined && port !== undefined && Number(port) !== PGPORT) {
    throw unusable(`PGHOST: expected no other port than ${PGPORT} (PGPORT), got ${port}`);
  }
  const [user, database] = [PGUSER, PGDATABASE].map(encodeURIComponent);
  return { source: 'PGHOST', url: new URL(`postgres://${user}@${host}:${PGPORT ?? port ?? 5432}/${database}`) };
}

/**
 * Returns the login that is read again for each new connection. The password in the URL comes before `PGPASSWORD`, as
 * in libpq. A URL in a file gives its user and its password anew; its host is the one it had at the start.
 */
function loginOf({ source, url, file }: Address, settings: PostgresSettings): PostgresLogin | undefined {
  const secret = secretOf('PGPASSWORD', settings);
  const { password: own } = partsOf(url);
  if (file !== undefined && own !== '') {
    return {
      source,
      async read() {
        const text = await secretInFile(source, file).read();
        const { user, password } = partsOf(urlIn(text, (problem) => new SecretError(`${source}: ${problem}`)));
        return { user, password };
      },
    };
  }
  if (own !== '' || secret === undefined) return undefined;
  return { source: secret.source, read: async () => ({ password: await secret.read() }) };
}
