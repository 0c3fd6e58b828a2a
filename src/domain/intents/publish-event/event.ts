import type { PublishEventPayload } from './schema.js';

/** Returns the correlation id that the caller wants for the event; by default the reducer's aggregation id. */
export const correlationOf = (payload: PublishEventPayload): string | null =>
  payload.correlation_id ?? payload.aggregation_id ?? null;

/**
 * Returns the message key as far as the payload decides it: partition_key, else correlation_id, else source_node_id.
 */
export const partitionKeyOf = (payload: PublishEventPayload): string | null =>
  payload.partition_key ?? correlationOf(payload) ?? payload.source_node_id ?? null;
