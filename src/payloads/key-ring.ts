/** This module reads a key ring, the text of PAYLOAD_KEYS_FILE: a line `key-id key` for each key. */
import { createSecretKey, type KeyObject } from 'node:crypto';

export interface PayloadKey {
  /** The name of the key. It stands in clear beside what the key has encrypted. */
  readonly id: string;
  readonly key: KeyObject;
}

/** A key ring has the keys of payloads by their ids. All of them decrypt. */
export interface KeyRing {
  /** The first key, which encrypts. */
  readonly first: PayloadKey;
  find(id: string): PayloadKey | undefined;
}

/** This error says which line of a key ring cannot be used, and never shows a key. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError';
}

const KEY_BYTES = 32;
const ID = /^[\w.-]{1,64}$/;
const GENERATE = 'as from "openssl rand -base64 32"';

/** Reads a key ring. Empty lines, and lines that begin with `#`, are passed over. @throws KeyRingError */
export function readKeyRing(text: string): KeyRing {
  const keys = new Map<string, PayloadKey & { readonly line: number }>();
  for (const [index, row] of text.split('\n').entries()) {
    const line = index + 1;
    if (/^\s*(#|$)/.test(row)) continue;
    const key = readKey(row.trim(), line);
    const before = keys.get(key.id);
    if (before !== undefined) {
      throw new KeyRingError(`line ${line}: expected a new key id, got that of line ${before.line}`);
    }
    keys.set(key.id, { ...key, line });
  }
  const [first] = keys.values();
  if (first === undefined) throw new KeyRingError(`expected a line "key-id key", the key ${GENERATE}, got no key`);
  return { first, find: (id) => keys.get(id) };
}

function readKey(row: string, line: number): PayloadKey {
  const [id, encoded, ...rest] = row.split(/\s+/) as [string, ...string[]];
  if (encoded === undefined || rest.length > 0) throw new KeyRingError(`line ${line}: expected "key-id key" on a line`);
  if (!ID.test(id)) {
    throw new KeyRingError(`line ${line}: expected a key id of 1 to 64 letters, digits, "_", "." and "-"`);
  }
  const bytes = Buffer.from(encoded, 'base64');
  // Buffer passes over what is no base64, and would make another key of a misspelt one.
  if (bytes.toString('base64') !== encoded) {
    throw new KeyRingError(`line ${line}: expected the key in base64, ${GENERATE}`);
  }
  if (bytes.length !== KEY_BYTES) {
    throw new KeyRingError(`line ${line}: expected a key of ${KEY_BYTES} bytes, ${GENERATE}, got ${bytes.length}`);
  }
  return { id, key: createSecretKey(bytes) };
}
