/**
 * This module puts into words why PostgreSQL, or a pooler in front of it, lets nobody in: the kind, and the variable to
 * set.
 */
import { addressOf, partsOf, type PostgresEndpoint } from '../../endpoints.js';
import { errorsIn } from '../../domain/failures/failure-table.js';
import { tlsFailureOf, type TlsNames, tlsSentence } from '../../domain/failures/tls-failures.js';

/** The names are what a sentence may tell an operator to set. */
interface Names {
  readonly user: string;
  readonly database: string;
  /** The variables of the address, the user, the database and the password. */
  readonly address: string;
  readonly userIn: string;
  readonly databaseIn: string;
  readonly passwordIn: string;
  readonly encrypted: boolean;
  readonly message: string;
}

type Words = (names: Names) => string;

/** Sentences by code of PostgreSQL. */
const WORDS: Readonly<Record<string, Words>> = {
  '28P01': ({ user, passwordIn }) => `refuses the password of user ${user} (${passwordIn})`,
  '28000': ({ user, userIn, encrypted, message }) =>
    `does not let user ${user} log in (${userIn}${encrypted ? '' : '; PGSSLMODE where it asks for TLS'}): ${message}`,
  '3D000': ({ database, databaseIn }) => `has no database ${database} (${databaseIn}); "bridge setup" creates it`,
  '08P01': (names) => (POOLER.find(([text]) => text.test(names.message))?.[1] ?? refusedByPooler)(names),
};

const refusedByPooler: Words = ({ address, message }) =>
  `is a pooler that refuses the connection (${address}): ${message}`;

/** Sentences by the text of PgBouncer's answer, which has one code for all. */
const POOLER: readonly (readonly [RegExp, Words])[] = [
  [/startup parameter/, ({ message }) => `is a pooler that keeps no session (PG_POOLER=transaction): ${message}`],
  [/authentication failed/, ({ user, passwordIn }) => `refuses the password of user ${user} (${passwordIn})`],
  [/^SSL required/, () => 'asks for TLS (PGSSLMODE)'],
];

/** The driver has texts alone for what follows. */
const NO_TLS = 'The server does not support SSL connections';
const NO_PASSWORD = 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be';

const passwordWanted: Words = ({ user, passwordIn }) =>
  `asks for a password of user ${user}, and none is set (${passwordIn})`;

type Coded = Error & { readonly code?: unknown };

/** Returns a sentence about a refused connection; null when the error is no refusal that is known. */
export function refusalOf(endpoint: PostgresEndpoint, error: unknown): string | null {
  const address = addressOf(endpoint);
  for (const one of errorsIn(error)) {
    const failure = one.message === NO_TLS ? 'protocol' : tlsFailureOf((one as Coded).code);
    if (failure !== undefined) return tlsSentence(failure, address, tlsNamesOf(endpoint), one);
    const words = wordsOf(one);
    if (words !== undefined) return `${address} ${words(namesIn(endpoint, one.message))}`;
    if (one.name === 'SecretError') return `${address} is not asked: ${one.message}`;
  }
  return null;
}

function wordsOf({ message, code }: Coded): Words | undefined {
  if (message.startsWith(NO_PASSWORD)) return passwordWanted;
  return typeof code === 'string' && Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
}

const tlsNamesOf = ({ source = 'DATABASE_URL', tls }: PostgresEndpoint): TlsNames => ({
  host: source,
  tls: 'PGSSLMODE',
  ca: tls?.ca?.source ?? 'PGSSLROOTCERT',
  cert: tls?.cert?.source ?? 'PGSSLCERT',
  key: tls?.key?.source ?? 'PGSSLKEY',
});

function namesIn({ url, source = 'DATABASE_URL', login, tls }: PostgresEndpoint, message: string): Names {
  const { user, database } = partsOf(new URL(url));
  const inParts = source === 'PGHOST';
  return {
    user,
    database,
    address: source,
    userIn: inParts ? 'PGUSER' : source,
    databaseIn: inParts ? 'PGDATABASE' : source,
    passwordIn: login?.source ?? (inParts ? 'PGPASSWORD' : source),
    encrypted: tls !== undefined,
    message,
  };
}
