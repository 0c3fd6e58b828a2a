/** A Kafka message that a partition worker buffers, and the list in it. */
import type { RawMessage } from '../domain/dead-letters/rejected-copy.js';
import { readEnvelope, type ReadEnvelope } from './envelope-reader.js';

/**
 * The list is parsed when its slice is due: until then the buffer is bytes, which the garbage collector does not walk.
 */
export class BufferedMessage {
  #read: ReadEnvelope | undefined;

  constructor(readonly raw: RawMessage) {}

  get read(): ReadEnvelope {
    return (this.#read ??= readEnvelope(this.raw.value, this.raw.timestamp));
  }
}

/** Bytes in the buffer: the value, and 100 for the rest of the record. */
export const sizeOf = ({ value }: RawMessage): number => (value?.length ?? 0) + 100;

/** Whether two messages at one offset are the same one. Otherwise they belong to a topic and to its successor. */
export const isSame = (one: RawMessage, other: RawMessage): boolean =>
  one.timestamp === other.timestamp &&
  (one.value === null || other.value === null ? one.value === other.value : one.value.equals(other.value));
