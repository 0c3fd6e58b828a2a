/**
 * This module describes the report of a list. Its descriptions become docs/intents.md; nothing parses with it while a
 * list is executed.
 */
import { z } from 'zod';
import { baseResult, intentStatus, outcome } from '../intents/result-schema.js';

export const report = z.object({
  request_id: z
    .string()
    .describe('The id of the list: its own, else the workflow id; of an emitted list the `event_id` in lower case.'),
  workflow_id: z.string().describe('The id of the Temporal execution that ran the list.'),
  outcome: outcome.describe(
    'How the list ended. `completed`: every intent succeeded. `partial`: some did not, or are dead letters. `failed`: fail-fast stopped it.',
  ),
  counts: z
    .partialRecord(intentStatus, z.int())
    .readonly()
    .describe('How many intents have each status. A status without intents is absent.'),
  results: z.array(z.looseObject(baseResult.shape)).readonly().describe('One result per intent, in input order.'),
  truncated: z
    .boolean()
    .describe(
      'Whether the report was too large for Temporal. Results without their fields then say `cut`. Pages of states are cut last.',
    ),
});
