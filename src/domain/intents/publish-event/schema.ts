/** PublishEvent (seed 3.1): wraps the payload in an OnexEnvelopeV1 and publishes it to its event type's topic. */
import { z } from 'zod';
import { text } from '../fields.js';
import { PUBLISHABLE_EVENT_TYPES } from '../../events/event-types.js';

export const publishEventPayload = z.looseObject({
  event_type: z.enum(PUBLISHABLE_EVENT_TYPES),
  aggregation_id: text.min(1).nullish(),
  /** Envelope fields a caller may set; the rest of the payload is published as it is. */
  correlation_id: text.min(1).nullish(),
  causation_id: text.min(1).nullish(),
  source_node_id: text.min(1).nullish(),
  partition_key: text.min(1).nullish(),
});

export type PublishEventPayload = z.infer<typeof publishEventPayload>;
