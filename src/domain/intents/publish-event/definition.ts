import { messageKeyOf } from '../../events/envelope.js';
import { announcementKey } from '../../events/announcement.js';
import { counted, defineIntent } from '../definition.js';
import { publishEventPayload } from './schema.js';
import { keyFieldsOf } from './event.js';

export const publishEvent = defineIntent({
  type: 'PublishEvent',
  target: 'event_bus',
  defaultPriority: 0,
  schema: publishEventPayload,
  activity: 'publishEvents',
  retryPolicy: 'publish',
  ledger: 'after-effect',
  // kafkajs sends one record batch per topic-partition and request; `max.message.bytes` (1 MiB) limits that batch.
  limits: { count: 500, bytes: 900_000 },
  orderKey: (payload, correlationId) => `${payload.event_type}/${messageKeyOf(keyFieldsOf(payload, correlationId))}`,
  describe: (payloads) => counted(new Set(payloads.map((payload) => payload.event_type)).size, 'event type'),
  store: 'kafka',
  announce: () => null,
  announcedBy: (payload) =>
    payload.event_type === 'STATE_PERSISTED' && payload.aggregation_id != null
      ? announcementKey(payload.event_type, payload.aggregation_id.toLowerCase())
      : null,
});
