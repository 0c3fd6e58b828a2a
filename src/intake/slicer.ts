/** The slicer cuts the messages of a partition into slices, which one workflow executes each. It is pure. */
import { SLICE_BYTES, SLICE_INTENTS } from '../domain/intake/slice.js';
import { cut } from '../domain/values/cut.js';
import type { SliceList } from '../domain/intake/list.js';
import type { ReadEnvelope } from './envelope-reader.js';

export interface Slice<R> {
  readonly lists: readonly SliceList[];
  /** The messages the lists came in, in the same order. */
  readonly messages: readonly R[];
  /** Messages of the slice that have no list, each with the reason. */
  readonly poison: readonly { readonly message: R; readonly reason: string }[];
  /** The number of messages that the slice takes from the front. */
  readonly taken: number;
}

/**
 * Returns the slice at the front of `messages`, which are in the order of their partition. A list over the size of a
 * slice, but within the limits of a list, is a slice of its own.
 */
export function nextSlice<R extends { readonly read: ReadEnvelope }>(messages: readonly R[]): Slice<R> {
  const lists: SliceList[] = [];
  const withList: R[] = [];
  const poison: { message: R; reason: string }[] = [];
  const [part = []] = cut(messages, sizeOf, LIMITS);
  for (const message of part) {
    const { read } = message;
    if (read.ok) {
      lists.push(read.list);
      withList.push(message);
    } else {
      poison.push({ message, reason: read.reason });
    }
  }
  return { lists, messages: withList, poison, taken: part.length };
}

/** The limits of a slice. They count messages too, so that at most 500 without a list are copied at once. */
const LIMITS = { messages: SLICE_INTENTS, intents: SLICE_INTENTS, bytes: SLICE_BYTES };

const sizeOf = ({ read }: { readonly read: ReadEnvelope }) =>
  read.ok ? { messages: 1, intents: read.list.intents.length, bytes: read.bytes } : { messages: 1 };
