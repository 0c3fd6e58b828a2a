/** This module reads the events of an environment. */
import assert from 'node:assert/strict';
import type { OnexEnvelopeV1 } from '../../src/domain/events/envelope.js';
import { type EventType, topicOf } from '../../src/domain/events/event-types.js';
import { type ConsoleRecord, readTopics } from './console-consumer.js';
import type { Environment } from './environment.js';
import { readRecords } from './records.js';

export interface ReadEvent {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly envelope: OnexEnvelopeV1;
}

/**
 * Returns the events of the first type, then those of the next. Events of one type are in the order of each partition.
 */
export async function readEvents(environment: Environment, types: readonly EventType[]): Promise<ReadEvent[]> {
  const topics = topicsOf(environment, types);
  const records = await readRecords(environment.endpoints.kafka, topics);
  const countOf = (topic: string): number => records.filter((record) => record.topic === topic).length;
  return eventsOf(types, records, topics.map(countOf));
}

/** Reads the same events with the broker's own consumer, which shares no code with what is tested. */
export async function readEventsByConsole(environment: Environment, types: readonly EventType[]): Promise<ReadEvent[]> {
  const topics = topicsOf(environment, types);
  const { records, counts } = await readTopics(environment.endpoints, environment.config.BRIDGE_CACHE_DIR, topics);
  return eventsOf(
    types,
    records,
    topics.map((topic) => counts.get(topic) ?? 0),
  );
}

/**
 * Returns the events as a consumer has them that drops repeats. An attempt that ran into its time limit sends its
 * events again, under the same ids.
 */
export const withoutRepeats = (events: readonly ReadEvent[]): ReadEvent[] => [
  ...new Map(events.map((event) => [event.envelope.event_id, event])).values(),
];

/** Returns `n` of the payloads that a topic holds under a key, in order. */
export async function numbersOf({ endpoints }: Environment, topic: string, key: string): Promise<unknown[]> {
  const records = await readRecords(endpoints.kafka, [topic]);
  return records
    .filter((record) => record.key === key)
    .map(({ value }) => (JSON.parse(value ?? '') as OnexEnvelopeV1).payload['n']);
}

const topicsOf = ({ config }: Environment, types: readonly EventType[]): string[] =>
  types.map((type) => topicOf(config.KAFKA_TOPIC_PREFIX, type));

/** @param counts of the records on the topic of each type, which show an event on another type's topic. */
function eventsOf(
  types: readonly EventType[],
  records: readonly ConsoleRecord[],
  counts: readonly number[],
): ReadEvent[] {
  const events = records.map(({ key, value, headers }) => ({
    key: key ?? '',
    headers,
    envelope: JSON.parse(value ?? '') as OnexEnvelopeV1,
  }));
  return types.flatMap((type, index) => {
    const ofType = events.filter(({ envelope }) => envelope.event_type === type);
    assert.equal(ofType.length, counts[index], `the topic of ${type} has others`);
    return ofType;
  });
}
