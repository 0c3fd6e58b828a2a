/** This module makes a raw message of a message of kafkajs: with topic and partition, and all values of all headers. */
import type { RawMessage } from '../domain/dead-letters/rejected-copy.js';

interface KafkaMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  /** The headers by name; kafkajs types no null among them, and hands it over all the same. */
  readonly headers?: Readonly<Record<string, unknown>>;
}

export const rawOf = (
  topic: string,
  partition: number,
  { offset, key, value, timestamp, headers = {} }: KafkaMessage,
): RawMessage => ({
  topic,
  partition,
  offset,
  key,
  value,
  timestamp: Math.max(0, Number(timestamp)) || 0,
  headers: Object.entries(headers).flatMap(([name, values]) => {
    // kafkajs puts a value of its own in front of a header called `constructor` or `toString`: what its object inherits
    // under that name.
    const given = [values].flat().filter((header) => header === null || Buffer.isBuffer(header));
    return given.map((header) => [name, header] as const);
  }),
});
