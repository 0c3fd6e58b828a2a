import type { KeyFields } from '../../events/envelope.js';
import type { PublishEventPayload } from './schema.js';

/** Returns the correlation id that the caller wants for the event; by default the reducer's aggregation id. */
const correlationOf = (payload: PublishEventPayload): string | null =>
  payload.correlation_id ?? payload.aggregation_id ?? null;

/**
 * Returns what the envelope of the event says of its key. The order of events and their message keys follow from it.
 * @param correlationId is the list's.
 */
export const keyFieldsOf = (payload: PublishEventPayload, correlationId: string): KeyFields => ({
  partitionKey: payload.partition_key,
  correlationId: correlationOf(payload) ?? correlationId,
});
