/** This module hashes the messages of a slice, by which an open run is recognised. */
import { createHash } from 'node:crypto';
import type { RawMessage } from '../domain/dead-letters/rejected-copy.js';

/**
 * Hashes the bytes as they were delivered: the same messages in the same order have the same hash. The partition is
 * part of the hash, by which activities find the slice and the results that they keep for it. The same messages on
 * another partition have other results.
 */
export function sliceHash(id: string, messages: readonly RawMessage[]): string {
  const hash = createHash('sha256').update(`${id}\n`);
  for (const { value } of messages) hash.update(`${value?.length ?? -1}\n`).update(value ?? '');
  return hash.digest('hex');
}
