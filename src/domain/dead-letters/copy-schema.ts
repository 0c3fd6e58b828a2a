/**
 * This module describes the `.dlq` copy of a dead letter. Its descriptions become the contract; nothing parses with it
 * while an event is published.
 */
import { z } from 'zod';
import { onexEnvelope } from '../events/schema.js';
import type { DeadLetterCopy } from './copy.js';

export const deadLetterCopy = z.object({
  original_topic: z.string().describe('The topic that the event was for.'),
  original_key: z.string().describe('The key of its message.'),
  original_data: onexEnvelope.describe('The envelope, as it would have been published.'),
  failure_reason: z.string().describe('Why no broker took it. It is a header of the copy, too.'),
  failure_timestamp: z.string().describe('When it failed for good, ISO 8601 in UTC.'),
  retry_attempts: z.int().describe('How often it was tried.'),
}) satisfies z.ZodType<DeadLetterCopy>;
