/**
 * Publishes events: the PublishEvent intents of a batch, and the announcements of intents that were settled before.
 * The ledger is asked first and told last, so a repeated intent is not published again; a crash in between publishes it
 * once more under the same `event_id` (at least once).
 */
import type { Announcement } from '../src/intents/batch.js';
import { type EventInput, makeEnvelope, toMessage } from '../src/intents/envelope.js';
import { topicOf } from '../src/intents/event-types.js';
import { eventIdOf } from '../src/intents/ids.js';
import type { Command, EffectOutcome, OutboundMessage, PublishFields } from '../src/intents/ports.js';
import { publishEvent as definition } from '../src/intents/publish-event/definition.js';
import { correlationOf } from '../src/intents/publish-event/event.js';
import type { PublishEventPayload } from '../src/intents/publish-event/schema.js';
import { repeatOf } from '../src/intents/repeat.js';
import { defineEffect, type EffectBatch, type Ports } from './effect.js';

export const publishEvent = defineEffect(definition, (ports) => async (batch) => {
  const known = await ports.ledger.find(batch.commands.map((command) => command.intent_id));
  const fresh = firstOccurrences(batch.commands.filter((command) => !known.has(command.intent_id)));
  await ports.publisher.publish([
    ...batch.announce.map((announcement) => messageOf(ports, announcementOf(announcement, batch))),
    ...fresh.map((command) => messageOf(ports, eventOf(command, batch))),
  ]);
  await ports.ledger.record(
    fresh.map((command) => ({
      intent_id: command.intent_id,
      intent_type: definition.type,
      payload_hash: command.payload_hash,
      execution_id: command.execution_id,
      result: { ...fieldsOf(ports, command) },
    })),
  );
  const settledAt = new Date().toISOString();
  return batch.commands.map((command): EffectOutcome<PublishFields> => {
    const stored = known.get(command.intent_id);
    if (stored !== undefined) {
      // Written by `record` in this very shape.
      const result = stored.result as unknown as PublishFields;
      return repeatOf(command, stored, result, stored.execution_id !== command.execution_id);
    }
    return { ok: true, result: fieldsOf(ports, command), settled_at: settledAt, repeated: false };
  });
});

/** The same id twice in one batch is one event. */
function firstOccurrences<P>(commands: readonly Command<P>[]): Command<P>[] {
  return [...new Map([...commands].reverse().map((command) => [command.intent_id, command])).values()].reverse();
}

const messageOf = (ports: Ports, event: EventInput): OutboundMessage =>
  toMessage(ports.source.topicPrefix, makeEnvelope(ports.source, event));

const announcementOf = (announcement: Announcement, batch: EffectBatch<PublishEventPayload>): EventInput => ({
  intentId: announcement.intent_id,
  eventType: announcement.event_type,
  timestamp: batch.scheduledAt,
  payload: announcement.payload,
  correlationId: batch.correlationId,
  partitionKey: announcement.partition_key,
});

const eventOf = (
  { intent_id, payload }: Command<PublishEventPayload>,
  batch: EffectBatch<PublishEventPayload>,
): EventInput => ({
  intentId: intent_id,
  eventType: payload.event_type,
  timestamp: batch.scheduledAt,
  payload,
  correlationId: correlationOf(payload) ?? batch.correlationId,
  causationId: payload.causation_id,
  sourceNodeId: payload.source_node_id,
  partitionKey: payload.partition_key,
});

const fieldsOf = (ports: Ports, { intent_id, payload }: Command<PublishEventPayload>): PublishFields => ({
  event_type: payload.event_type,
  topic: topicOf(ports.source.topicPrefix, payload.event_type),
  event_id: eventIdOf(intent_id, payload.event_type),
  event_published: true,
  dlq_fallback: false,
});
