/** Events of an environment, read by the broker's own console consumer. */
import assert from 'node:assert/strict';
import type { OnexEnvelopeV1 } from '../../src/intents/envelope.js';
import { type EventType, topicOf } from '../../src/intents/event-types.js';
import { readTopics } from './console-consumer.js';
import type { Environment } from './environment.js';

export interface ReadEvent {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly envelope: OnexEnvelopeV1;
}

export async function readEvents(
  { endpoints, config }: Environment,
  types: readonly EventType[],
): Promise<ReadEvent[]> {
  const topics = types.map((type) => topicOf(config.KAFKA_TOPIC_PREFIX, type));
  const { records, counts } = await readTopics(endpoints, config.BRIDGE_CACHE_DIR, topics);
  const events = records.map(({ key, value, headers }) => ({
    key: key ?? '',
    headers,
    envelope: JSON.parse(value ?? '') as OnexEnvelopeV1,
  }));
  return types.flatMap((type) => {
    const ofType = events.filter(({ envelope }) => envelope.event_type === type);
    assert.equal(
      ofType.length,
      counts.get(topicOf(config.KAFKA_TOPIC_PREFIX, type)),
      `the topic of ${type} has others`,
    );
    return ofType;
  });
}
