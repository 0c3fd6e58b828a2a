/** This module describes the payload and the result of PersistState. Its descriptions become docs/intents.md. */
import { z } from 'zod';
import { fsmState, guid, optional, safeCount, text, timestamp, withDefault } from '../fields.js';

const namespaceAggregate = z
  .looseObject({
    total_stamps: withDefault(safeCount, 0).describe(
      'How many items were aggregated. It is added to `total_items_aggregated`.',
    ),
    total_size_bytes: optional(safeCount).describe('How many bytes they had together. Kept as metadata of the row.'),
    unique_file_types_count: optional(safeCount).describe('How many file types they had. Kept as metadata.'),
    file_types: optional(z.array(text)).describe('The file types themselves. Kept as metadata.'),
    unique_workflows_count: withDefault(safeCount, 0).describe(
      'How many workflows they belong to. It is added to `total_workflows_processed`.',
    ),
    workflow_ids: optional(z.array(text)).describe('The workflows themselves. Kept as metadata.'),
  })
  .describe('The aggregate of one namespace. Further fields are kept as metadata of the row, too.');

export const persistStatePayload = z
  .looseObject({
    aggregated_data: z
      .record(z.string().min(1).max(255), namespaceAggregate)
      .refine((data) => Object.keys(data).length > 0, 'expected at least one namespace')
      .describe('The aggregates by namespace, at least one. A namespace has 1 to 255 characters.'),
    fsm_states: withDefault(z.record(text, fsmState), {}).describe(
      'The states of workflows by their ids. The most common one becomes the `current_fsm_state` of each row.',
    ),
    aggregation_id: guid.describe('The id of the bridge. It becomes `bridge_id`, in lower case.'),
    timestamp: timestamp
      .nullish()
      .describe(
        'When the aggregation ran. The newest aggregation decides about metadata and state; none counts as oldest.',
      ),
  })
  .describe('Adds aggregated counts to one `bridge_states` row per namespace. Further fields are ignored.');

export type PersistStatePayload = z.infer<typeof persistStatePayload>;

export const persistStateFields = z.object({
  aggregation_id: z.string().describe('The `aggregation_id` of the payload, in lower case.'),
  namespaces_persisted: z.array(z.string()).readonly().describe('The namespaces whose rows were written.'),
  total_workflows: z.int().describe('The sum of `unique_workflows_count` over the namespaces.'),
  total_items: z.int().describe('The sum of `total_stamps` over the namespaces.'),
});
