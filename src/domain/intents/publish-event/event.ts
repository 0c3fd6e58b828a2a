import type { PublishEventPayload } from './schema.js';

/** What the caller wants the event to be correlated by; by default the reducer's aggregation id. */
export const correlationOf = (payload: PublishEventPayload): string | null =>
  payload.correlation_id ?? payload.aggregation_id ?? null;

/** The Kafka key as far as the payload decides it: partition_key, else correlation_id, else source_node_id. */
export const partitionKeyOf = (payload: PublishEventPayload): string | null =>
  payload.partition_key ?? correlationOf(payload) ?? payload.source_node_id ?? null;
