/** A message of kafkajs as the intake keeps it: with its topic and partition, and every value of every header. */
import type { RawMessage } from '../domain/dead-letters/rejected-copy.js';

interface KafkaMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  /** kafkajs types no null among them, and hands it over all the same. */
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
    // In front of a header called `constructor`, or `toString`, kafkajs puts what its own object inherits under that
    // name.
    const given = [values].flat().filter((header) => header === null || Buffer.isBuffer(header));
    return given.map((header) => [name, header] as const);
  }),
});
