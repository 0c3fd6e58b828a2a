/** The slicer cuts the messages of a partition into slices, which one workflow executes each. Pure. */
import { SLICE_BYTES, SLICE_INTENTS } from '../domain/intake/slice.js';
import type { SliceList } from '../domain/intake/list.js';
import type { ReadEnvelope } from './envelope-reader.js';

export interface Slice<R> {
  readonly lists: readonly SliceList[];
  /** The messages the lists came in, in the same order. */
  readonly messages: readonly R[];
  /** Messages among them that have no list. */
  readonly poison: readonly { readonly message: R; readonly reason: string }[];
  /** How many messages it takes from the front. */
  readonly taken: number;
}

/**
 * The slice at the front of `messages`, which are in the order of their partition. A list over the size of a slice, but within
 * the limits of a list, is a slice of its own.
 */
export function nextSlice<R extends { readonly read: ReadEnvelope }>(messages: readonly R[]): Slice<R> {
  const lists: SliceList[] = [];
  const withList: R[] = [];
  const poison: { message: R; reason: string }[] = [];
  let intents = 0;
  let bytes = 0;
  let taken = 0;
  for (const message of messages) {
    const { read } = message;
    if (read.ok) {
      intents += read.list.intents.length;
      bytes += read.bytes;
      if (lists.length > 0 && (intents > SLICE_INTENTS || bytes > SLICE_BYTES)) break;
      lists.push(read.list);
      withList.push(message);
    } else {
      poison.push({ message, reason: read.reason });
    }
    taken += 1;
    // This bounds the messages without a list too.
    if (taken >= SLICE_INTENTS) break;
  }
  return { lists, messages: withList, poison, taken };
}
