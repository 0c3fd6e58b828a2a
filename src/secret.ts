/** This module holds secrets. One is read again for each new connection, so that a rotation needs no restart. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pTimeout from 'p-timeout';
import { shownPath } from './domain/values/shown.js';

export interface Secret {
  /** The variable that names it, for messages: `PGPASSWORD` or `PGPASSWORD_FILE`. */
  readonly source: string;
  /** @throws SecretError when its file cannot be read, or holds nothing. */
  read(): Promise<string>;
}

/** This error names the variable whose file gives no secret. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/** Returns a secret that never changes. */
export const fixedSecret = (source: string, value: string): Secret => ({
  source,
  read: () => Promise.resolve(value),
});

/** Milliseconds to read a file. A volume that does not answer would keep a connection waiting for ever. */
const READ_MS = 5_000;

/** Returns a secret that is the text of a file, without the line break at its end. */
export const secretInFile = (source: string, path: string): Secret => ({
  source,
  async read() {
    const reading = readFile(path, 'utf8').catch((cause: unknown) => {
      throw new SecretError(`${source}: ${shownPath(path)} cannot be read`, { cause });
    });
    const late = new SecretError(`${source}: ${shownPath(path)} was not read within ${READ_MS} ms`);
    const text = await pTimeout(reading, { milliseconds: READ_MS, message: late });
    const secret = text.replace(/\r?\n$/, '');
    if (secret === '') throw new SecretError(`${source}: ${shownPath(path)} is empty`);
    return secret;
  },
});

/**
 * Returns the secret of a variable, or of the variable that names its file; undefined when neither is set.
 * @param values the variables that are set: `NAME` and `NAME_FILE`. The file comes first.
 */
export function secretOf<Name extends string>(
  name: Name,
  values: Readonly<Partial<Record<Name | `${Name}_FILE`, string | undefined>>>,
): Secret | undefined {
  const fileName = `${name}_FILE` as const;
  const { [fileName]: file, [name]: value } = values;
  if (file !== undefined) return secretInFile(fileName, file);
  return value === undefined ? undefined : fixedSecret(name, value);
}

/**
 * Returns whether a header `Authorization` has a token. Hashes are compared, so that neither the time nor the length
 * says how much of it is right.
 * @throws SecretError as the token's `read`.
 */
export async function isBearer(authorization: string | undefined, token: Secret): Promise<boolean> {
  const [, given] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const isSame = timingSafeEqual(hash(given ?? ''), hash(await token.read()));
  return given !== undefined && isSame;
}
