/** This module encrypts bytes with AES-256-GCM. A random nonce stands before them, and the tag behind. */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function encrypt(key: KeyObject, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error when another key has encrypted the bytes, or they were changed since. */
export function decrypt(key: KeyObject, encrypted: Uint8Array): Buffer {
  const tagAt = Math.max(NONCE_BYTES, encrypted.length - TAG_BYTES);
  const nonce = encrypted.subarray(0, NONCE_BYTES);
  // A shorter tag would be easier to forge, and Node takes one unless its length is said.
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(encrypted.subarray(tagAt));
  return Buffer.concat([decipher.update(encrypted.subarray(NONCE_BYTES, tagAt)), decipher.final()]);
}
