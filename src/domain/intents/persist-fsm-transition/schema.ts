/** PersistFSMTransition (seed 3.3): appends one row to `fsm_transitions`. */
import { z } from 'zod';
import { fsmState, guid, jsonObject, safeCount, timestamp } from '../fields.js';

const transitionRecord = z.looseObject({
  from_state: fsmState.nullish(),
  to_state: fsmState.nullish(),
  /** Becomes `transition_event`; 1 to 100 characters, default `unknown`. */
  trigger: z.string().min(1).max(100).nullish(),
  timestamp: timestamp.nullish(),
  metadata: jsonObject.nullish(),
});

export const persistFsmTransitionPayload = z.looseObject({
  /** Becomes `entity_id`. */
  workflow_id: guid,
  current_state: fsmState,
  previous_state: fsmState.nullish(),
  /** Position of the transition in its workflow, from 1; without it the stored count plus one is taken. */
  transition_count: safeCount.nullish(),
  transition_record: transitionRecord.nullish(),
  transition_history: z.array(transitionRecord).nullish(),
  metadata: jsonObject.nullish(),
  timestamp: timestamp.nullish(),
});

export type PersistFsmTransitionPayload = z.infer<typeof persistFsmTransitionPayload>;
