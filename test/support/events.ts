/** Events of an environment, read by the broker's own console consumer. */
import type { OnexEnvelopeV1 } from '../../src/intents/envelope.js';
import { type EventType, topicOf } from '../../src/intents/event-types.js';
import { readTopic } from './console-consumer.js';
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
  const events: ReadEvent[] = [];
  for (const type of types) {
    const topic = topicOf(config.KAFKA_TOPIC_PREFIX, type);
    for (const { key, value, headers } of await readTopic(endpoints, config.BRIDGE_CACHE_DIR, topic)) {
      events.push({ key: key ?? '', headers, envelope: JSON.parse(value ?? '') as OnexEnvelopeV1 });
    }
  }
  return events;
}
