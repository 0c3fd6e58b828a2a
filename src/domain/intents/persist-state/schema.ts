/** PersistState (seed 3.2): adds aggregated counts to one `bridge_states` row per namespace. */
import { z } from 'zod';
import { fsmState, guid, safeCount, text, timestamp } from '../fields.js';

const namespaceAggregate = z.looseObject({
  /** Items aggregated; added to `total_items_aggregated`. */
  total_stamps: safeCount.default(0),
  total_size_bytes: safeCount.optional(),
  unique_file_types_count: safeCount.optional(),
  file_types: z.array(text).optional(),
  /** Workflows seen; added to `total_workflows_processed`. */
  unique_workflows_count: safeCount.default(0),
  workflow_ids: z.array(text).optional(),
});

export const persistStatePayload = z.looseObject({
  /** Namespace (1 to 255 characters) to its aggregate; at least one. */
  aggregated_data: z
    .record(z.string().min(1).max(255), namespaceAggregate)
    .refine((data) => Object.keys(data).length > 0, 'expected at least one namespace'),
  /** Workflow id to state; the most common one becomes `current_fsm_state`. */
  fsm_states: z.record(text, fsmState).default({}),
  /** Becomes `bridge_id`. */
  aggregation_id: guid,
  /** When the aggregation ran; decides whose metadata wins. None counts as oldest. */
  timestamp: timestamp.nullish(),
});

export type PersistStatePayload = z.infer<typeof persistStatePayload>;
