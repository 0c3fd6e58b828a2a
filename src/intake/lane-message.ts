/** A message that waits in a lane, with the list it carries. */
import type { RawMessage } from '../domain/dead-letters/poison-copy.js';
import { readEnvelope, type ReadEnvelope } from './envelope-reader.js';

/** Read when it is its slice's turn: what waits here is bytes, which the garbage collector does not walk. */
export class Held {
  #read: ReadEnvelope | undefined;

  constructor(readonly raw: RawMessage) {}

  get read(): ReadEnvelope {
    return (this.#read ??= readEnvelope(this.raw.value, this.raw.timestamp));
  }
}

/** The value, and what a record costs besides. */
export const sizeOf = ({ value }: RawMessage): number => (value?.length ?? 0) + 100;

/** Of two messages at one offset: whether they are one, or those of a topic and of its successor. */
export const isSame = (one: RawMessage, other: RawMessage): boolean =>
  one.timestamp === other.timestamp &&
  (one.value === null || other.value === null ? one.value === other.value : one.value.equals(other.value));
