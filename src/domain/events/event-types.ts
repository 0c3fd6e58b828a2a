/** Event types of the reducer topics that a PublishEvent may use (docs/intents.md). */
export const PUBLISHABLE_EVENT_TYPES = [
  'AGGREGATION_STARTED',
  'BATCH_PROCESSED',
  'STATE_PERSISTED',
  'AGGREGATION_COMPLETED',
  'AGGREGATION_FAILED',
  'FSM_STATE_INITIALIZED',
  'FSM_STATE_TRANSITIONED',
  'NODE_INTROSPECTION',
  'REGISTRY_REQUEST_INTROSPECTION',
  'NODE_HEARTBEAT',
  'OPERATION_FAILED',
] as const;

/** Event types of lists for the intake, of their reports and of recovered states. A PublishEvent may not use them. */
export const SERVICE_EVENT_TYPES = ['INTENT_EMITTED', 'INTENT_RESULT', 'FSM_STATES_RECOVERED'] as const;

export type EventType = (typeof PUBLISHABLE_EVENT_TYPES)[number] | (typeof SERVICE_EVENT_TYPES)[number];

/**
 * Returns the topic of an event type, `{prefix}.reducer.events.{event_type}` with the type in lower case
 * (docs/seed.md).
 */
export const topicOf = (prefix: string, eventType: EventType): string =>
  `${eventTopicPrefix(prefix)}${eventType.toLowerCase()}`;

/** Returns what all topics of an installation begin with. */
export const eventTopicPrefix = (prefix: string): string => `${prefix}.reducer.events.`;
