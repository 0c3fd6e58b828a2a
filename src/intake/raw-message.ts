/** A raw message is a message of kafkajs as the intake keeps it: with topic, partition, and every value of every header. */
import type { RawMessage } from '../domain/dead-letters/poison-copy.js';

interface KafkaMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
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
  headers: Object.entries(headers).flatMap(([name, values]) =>
    [values ?? []].flat().map((header) => [name, Buffer.from(header)] as const),
  ),
});
