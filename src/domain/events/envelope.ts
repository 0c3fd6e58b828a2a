/** This module makes OnexEnvelopeV1, the envelope that every event on Kafka is wrapped in. */
import type { z } from 'zod';
import { type EventType, topicOf } from './event-types.js';
import { eventIdOf } from '../values/ids.js';
import type { OutboundMessage } from './publisher.js';
import type { onexEnvelope } from './schema.js';

/** The envelope is the JSON around an event; `schema.ts` says what each field is. */
export type OnexEnvelopeV1 = Readonly<z.infer<typeof onexEnvelope>>;

/** An `EventSource` is what a service says of itself in every envelope, and in the names of its topics. */
export interface EventSource {
  readonly topicPrefix: string;
  readonly sourceInstance: string;
  readonly environment: string;
  readonly region: string;
}

export interface EventInput {
  /** The id of the intent that causes the event. It makes `event_id` the same for every attempt. */
  readonly intentId: string;
  readonly eventType: EventType;
  /** The `event_id`; default: derived from `intentId` and `eventType`. */
  readonly eventId?: string | undefined;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly correlationId?: string | null | undefined;
  readonly causationId?: string | null | undefined;
  readonly sourceNodeId?: string | null | undefined;
  readonly partitionKey?: string | null | undefined;
}

/** `KeyFields` are the fields of an event that decide its message key. */
export type KeyFields = Pick<EventInput, 'partitionKey' | 'correlationId'>;

/** Returns the message key of an event, which orders it on its topic: its partition key, else its correlation id. */
export const messageKeyOf = ({ partitionKey, correlationId }: KeyFields): string | null =>
  partitionKey ?? correlationId ?? null;

export function makeEnvelope(source: EventSource, event: EventInput): OnexEnvelopeV1 {
  return {
    envelope_version: '1.0',
    event_id: event.eventId ?? eventIdOf(event.intentId, event.eventType),
    event_type: event.eventType,
    event_version: '1.0',
    event_timestamp: event.timestamp,
    source_node_id: event.sourceNodeId ?? source.sourceInstance,
    source_service: 'omninode-bridge',
    source_version: '1.0.0',
    source_instance: source.sourceInstance,
    correlation_id: event.correlationId ?? null,
    causation_id: event.causationId ?? event.intentId,
    environment: source.environment,
    region: source.region,
    partition_key: event.partitionKey ?? null,
    payload: event.payload,
    metadata: { intent_id: event.intentId },
  };
}

/**
 * Makes the message of an envelope. Without a partition key and a correlation id its key is source_node_id, which is
 * always there. `event_id` is a header too, for dedupe.
 */
export function toMessage(topicPrefix: string, envelope: OnexEnvelopeV1): OutboundMessage {
  return {
    topic: topicOf(topicPrefix, envelope.event_type),
    key:
      messageKeyOf({ partitionKey: envelope.partition_key, correlationId: envelope.correlation_id }) ??
      envelope.source_node_id,
    value: JSON.stringify(envelope),
    headers: {
      event_id: envelope.event_id,
      event_type: envelope.event_type,
      ...(envelope.correlation_id === null ? {} : { correlation_id: envelope.correlation_id }),
    },
  };
}
