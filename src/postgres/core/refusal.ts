/**
 * This module puts into words why PostgreSQL, or a pooler in front of it, lets nobody in: the kind, and the variable to
 * set.
 */
import { addressOf, partsOf, type PostgresEndpoint } from '../../endpoints.js';
import { errorsIn } from '../../domain/failures/failure-table.js';

/** The names are what a sentence may tell an operator to set. */
interface Names {
  readonly user: string;
  readonly database: string;
  /** The variables of the address, the user, the database, the password, and the CAs. */
  readonly address: string;
  readonly userIn: string;
  readonly databaseIn: string;
  readonly passwordIn: string;
  readonly caIn: string;
  readonly encrypted: boolean;
  readonly message: string;
}

type Words = (names: Names) => string;

const unsigned: Words = ({ caIn }) => `shows a certificate that no CA in ${caIn} has signed`;
const selfSigned: Words = ({ caIn }) => `shows a certificate that it has signed itself, and that is not in ${caIn}`;

/** Sentences by code of OpenSSL, of Node or of PostgreSQL. */
const WORDS: Readonly<Record<string, Words>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: unsigned,
  UNABLE_TO_GET_ISSUER_CERT: unsigned,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unsigned,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unsigned,
  CERT_SIGNATURE_FAILURE: unsigned,
  CERT_HAS_EXPIRED: ({ caIn }) => `shows a certificate that has expired, its own or that of its CA (${caIn})`,
  CERT_NOT_YET_VALID: ({ caIn }) => `shows a certificate that is not valid yet, its own or that of its CA (${caIn})`,
  ERR_TLS_CERT_ALTNAME_INVALID: ({ address, message }) =>
    `shows a certificate for another host: set ${address} to a name that it has (${message})`,
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

/** Sentences by the text of an error of the driver, which has no code for them. */
const TEXTS: readonly (readonly [RegExp, Words])[] = [
  [/^The server does not support SSL connections$/, () => 'has no TLS, which PGSSLMODE asks for'],
  [
    /^SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be/,
    ({ user, passwordIn }) => `asks for a password of user ${user}, and none is set (${passwordIn})`,
  ],
];

/** Returns a sentence about a refused connection; null when the error is no refusal that is known. */
export function refusalOf(endpoint: PostgresEndpoint, error: unknown): string | null {
  for (const one of errorsIn(error)) {
    const words = wordsOf(one);
    if (words !== undefined) return `${addressOf(endpoint)} ${words(namesIn(endpoint, reasonOf(one)))}`;
    if (one.name === 'SecretError') return `${addressOf(endpoint)} is not asked: ${one.message}`;
  }
  return null;
}

function wordsOf({ message, code }: Error & { readonly code?: unknown }): Words | undefined {
  const known = typeof code === 'string' && Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
  if (known !== undefined) return known;
  // OpenSSL has a code for each alert; all of them are about what this side has shown.
  if (typeof code === 'string' && /^ERR_SSL_.*ALERT/.test(code)) return refusedByAlert;
  if (typeof code === 'string' && code.startsWith('ERR_OSSL_')) return unreadable;
  return TEXTS.find(([text]) => text.test(message))?.[1];
}

const refusedByAlert: Words = ({ message }) => `refuses this client's TLS (PGSSLCERT, PGSSLKEY): ${message}`;
const unreadable: Words = ({ message }) =>
  `is not asked, because a file of PGSSLROOTCERT, PGSSLCERT or PGSSLKEY cannot be used: ${message}`;

/** Returns an error's reason. OpenSSL has it apart from a message of many parts. */
const reasonOf = ({ message, reason }: Error & { readonly reason?: unknown }): string =>
  typeof reason === 'string' ? reason : message;

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
    caIn: tls?.ca?.source ?? 'PGSSLROOTCERT',
    encrypted: tls !== undefined,
    message,
  };
}
