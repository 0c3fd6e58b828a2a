/** This module describes the payload and the result of PublishEvent. Its descriptions become docs/intents.md. */
import { z } from 'zod';
import { text } from '../fields.js';
import { PUBLISHABLE_EVENT_TYPES } from '../../events/event-types.js';

export const publishEventPayload = z
  .looseObject({
    event_type: z.enum(PUBLISHABLE_EVENT_TYPES).describe('The type of the event. It decides the topic.'),
    aggregation_id: text
      .min(1)
      .nullish()
      .describe('The id of the aggregation that the event is about. It is the `correlation_id` if there is no other.'),
    correlation_id: text
      .min(1)
      .nullish()
      .describe("The `correlation_id` of the envelope. Default: `aggregation_id`, else the list's."),
    causation_id: text.min(1).nullish().describe("The `causation_id` of the envelope. Default: the intent's id."),
    source_node_id: text
      .min(1)
      .nullish()
      .describe("The `source_node_id` of the envelope. Default: the worker's `SERVICE_INSTANCE`."),
    partition_key: text
      .min(1)
      .nullish()
      .describe('The key of the message. Default: `correlation_id` of the envelope, else its `source_node_id`.'),
  })
  .describe('Publishes the whole payload in an envelope, on the topic of its event type. Further fields are yours.');

export type PublishEventPayload = z.infer<typeof publishEventPayload>;

export const publishFields = z.object({
  event_type: z.string().describe('The type of the event.'),
  topic: z.string().describe('The topic of the event.'),
  event_id: z
    .string()
    .describe('The id of the event, a UUID: the same for every attempt, so that consumers can drop repeats.'),
  event_published: z.boolean().describe('Whether all replicas of the broker have the event.'),
  dlq_fallback: z.boolean().describe('Whether it became a dead letter instead. A redrive publishes it later.'),
});
