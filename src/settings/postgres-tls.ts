/** This module reads how connections to PostgreSQL are encrypted, from a URL and from the `PG*` variables alike. */
import type { PostgresTls } from '../endpoints.js';
import { type Secret, secretInFile } from '../secret.js';
import { unusable } from './config-error.js';
import { sslMode } from './postgres.js';

/** The parameters of a URL, as libpq has them, and the variables that mean the same. */
const VARIABLES = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
} as const;

type Parameter = keyof typeof VARIABLES;

export type TlsSettings = { readonly [P in Parameter as (typeof VARIABLES)[P]]?: string | undefined };

/** A given value has the name it was given under, for messages. */
interface Given {
  readonly value: string;
  readonly source: string;
}

/** The value of `sslrootcert` that stands for the CAs of the system. */
const SYSTEM = 'system';

/**
 * Returns the encryption that a URL and the variables ask for; undefined: none.
 * @param source the variable of the URL.
 * @throws ConfigError naming a parameter or a variable that cannot be used, or that contradicts another.
 */
export function tlsOf(source: string, parameters: URLSearchParams, settings: TlsSettings): PostgresTls | undefined {
  for (const name of parameters.keys()) {
    if (parameters.getAll(name).length > 1) throw unusable(`${name} in ${source}: expected once, got more than one`);
    if (!name.toLowerCase().startsWith('ssl') || name in VARIABLES || name === 'ssl') continue;
    throw unusable(`${name} in ${source}: expected one of ${Object.keys(VARIABLES).join(', ')} of TLS`);
  }
  const find = (parameter: Parameter) => given(parameter, source, parameters, settings);
  const [mode, ca, cert, key] = [
    modeOf(source, parameters, find('sslmode')),
    find('sslrootcert'),
    find('sslcert'),
    find('sslkey'),
  ];
  if (mode === undefined || mode === 'disable') {
    const idle = ca ?? cert ?? key;
    if (idle === undefined) return undefined;
    throw unusable(`${idle.source}: expected PGSSLMODE=verify-full beside it, got ${mode ?? 'no PGSSLMODE'}`);
  }
  if (cert === undefined && key !== undefined) throw unusable(`${key.source}: expected PGSSLCERT beside it, got none`);
  if (cert !== undefined && key === undefined) throw unusable(`${cert.source}: expected PGSSLKEY beside it, got none`);
  if (ca?.value === SYSTEM && mode !== 'verify-full') {
    throw unusable(`${ca.source}: expected PGSSLMODE=verify-full beside "${SYSTEM}", got ${mode}`);
  }
  if (mode === 'verify-ca' && ca === undefined) {
    throw unusable(
      'PGSSLMODE: expected PGSSLROOTCERT beside verify-ca, because any server has a name that some public CA has signed',
    );
  }
  return {
    // As in libpq, a CA that is named is asked.
    mode: mode === 'require' && ca !== undefined ? 'verify-ca' : mode,
    ...files({ ca: ca?.value === SYSTEM ? undefined : ca, cert, key }),
  };
}

/** Returns a URL without its parameters of TLS: the driver would read them in its own way. */
export function withoutTls(url: URL): string {
  const rest = new URL(url);
  for (const name of ['ssl', 'uselibpqcompat', ...Object.keys(VARIABLES)]) rest.searchParams.delete(name);
  return rest.href;
}

function given(
  parameter: Parameter,
  source: string,
  parameters: URLSearchParams,
  { [VARIABLES[parameter]]: variable }: TlsSettings,
): Given | undefined {
  const inUrl = parameters.get(parameter);
  if (inUrl !== null && variable !== undefined && inUrl.toLowerCase() !== variable.toLowerCase()) {
    throw unusable(`${VARIABLES[parameter]}: expected ${inUrl}, as ${parameter} in ${source}, got ${variable}`);
  }
  if (variable !== undefined) return { value: variable, source: VARIABLES[parameter] };
  return inUrl === null ? undefined : { value: inUrl, source: `${parameter} in ${source}` };
}

/** Reads the mode. `ssl=true` is the driver's own word for `verify-full`. */
function modeOf(source: string, parameters: URLSearchParams, mode: Given | undefined) {
  const short = parameters.get('ssl');
  if (short !== null && (short !== 'true' || mode !== undefined)) {
    throw unusable(`ssl in ${source}: expected sslmode instead, got ${short}`);
  }
  if (short !== null) return 'verify-full';
  if (mode === undefined) return undefined;
  const parsed = sslMode.safeParse(mode.value);
  if (parsed.success) return parsed.data;
  throw unusable(`${mode.source}: expected disable, require, verify-ca or verify-full, got ${mode.value}`);
}

const files = (
  given: Readonly<Record<'ca' | 'cert' | 'key', Given | undefined>>,
): Partial<Record<keyof typeof given, Secret>> =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, file]) =>
      file === undefined ? [] : [[name, secretInFile(file.source, file.value)] as const],
    ),
  );
