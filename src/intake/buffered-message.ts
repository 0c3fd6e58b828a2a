/** This module keeps a Kafka message that a partition worker buffers, and the list in it. */
import type { RawMessage } from '../domain/dead-letters/rejected-copy.js';
import { readEnvelope, type ReadEnvelope } from './envelope-reader.js';

/**
 * A buffered message is bytes until its slice is due, because the garbage collector does not walk bytes. Its list is
 * parsed then.
 */
export class BufferedMessage {
  #read: ReadEnvelope | undefined;

  constructor(readonly raw: RawMessage) {}

  get read(): ReadEnvelope {
    return (this.#read ??= readEnvelope(this.raw.value, this.raw));
  }
}

/** Returns the bytes that a message takes in the buffer: its value, and 100 for the rest of the record. */
export const sizeOf = ({ value }: RawMessage): number => (value?.length ?? 0) + 100;

/** Returns whether two messages at one offset are the same. Otherwise they belong to a topic and to its successor. */
export const isSame = (one: RawMessage, other: RawMessage): boolean =>
  one.timestamp === other.timestamp &&
  (one.value === null || other.value === null ? one.value === other.value : one.value.equals(other.value));
