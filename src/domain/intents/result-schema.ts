/**
 * This module describes the fields that every result has. Its descriptions become docs/intents.md; nothing parses with
 * it while a list is executed.
 */
import { z } from 'zod';

export const intentStatus = z.enum(['succeeded', 'failed', 'skipped', 'dead_lettered', 'unknown']);

export const outcome = z.enum(['completed', 'partial', 'failed', 'cancelled']);

export const baseResult = z.object({
  intent_id: z.string().describe('The id of the intent: its own, or the derived one.'),
  intent_type: z.string().describe('The type of the intent; `unknown` where the intent named none.'),
  status: intentStatus.describe(
    'How the intent ended. `unknown`: the store could not say whether the effect happened. `skipped`: a failure before it stopped the list.',
  ),
  success: z.boolean().describe('Whether it succeeded: true for `succeeded` and `dead_lettered`.'),
  error: z
    .string()
    .nullable()
    .describe('Why it did not succeed, with the path of the field at fault; null on success.'),
  error_code: z
    .string()
    .exactOptional()
    .describe(
      '`VALIDATION_ERROR`, `SKIPPED`, or the store at fault: `DATABASE_ERROR`, `KAFKA_ERROR`. Absent on success.',
    ),
  failure_class: z
    .enum(['invalid', 'transient', 'unavailable', 'unknown'])
    .exactOptional()
    .describe('How the store failed; `unavailable`: it was down. Absent where no store failed, or nobody knows how.'),
  execution_time_ms: z
    .number()
    .describe(
      'How long the activity took for the intent and those batched with it, in milliseconds; 0 when none was started.',
    ),
  cut: z
    .literal(true)
    .exactOptional()
    .describe('Present when the report was too large and lacks the fields of the type, or the end of the error.'),
  timestamp: z.string().describe('When the result was recorded, ISO 8601 in UTC. A repeat returns the first time.'),
});

export const repeatFields = z.object({
  repeated: z
    .literal(true)
    .exactOptional()
    .describe(
      'Present when another execution, or an earlier intent of the list, had the effect. It announces the effect.',
    ),
});
