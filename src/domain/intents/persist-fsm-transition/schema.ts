/**
 * This module describes the payload and the result of PersistFSMTransition. Its descriptions become docs/intents.md.
 */
import { z } from 'zod';
import { fsmState, guid, jsonObject, safeCount, timestamp } from '../fields.js';

const transitionRecord = z
  .looseObject({
    from_state: fsmState.nullish().describe('The state before, if `previous_state` names none.'),
    to_state: fsmState.nullish().describe('The state after. It is kept, but `current_state` decides.'),
    trigger: z
      .string()
      .min(1)
      .max(100)
      .nullish()
      .describe('What caused the transition. It becomes `transition_event`, `unknown` without one.'),
    timestamp: timestamp.nullish().describe("When the transition happened. It comes before the payload's `timestamp`."),
    metadata: jsonObject.nullish().describe("Further data. The payload's `metadata` wins where both have a key."),
  })
  .describe('Further fields are kept with it.');

export const persistFsmTransitionPayload = z
  .looseObject({
    workflow_id: guid.describe('The id of the workflow. It becomes `entity_id`, in lower case.'),
    current_state: fsmState.describe('The state after the transition.'),
    previous_state: fsmState.nullish().describe('The state before it; none for the first transition.'),
    transition_count: safeCount
      .nullish()
      .describe('The number of the transition in its workflow, from 1. Without it the stored count plus one is taken.'),
    transition_record: transitionRecord
      .nullish()
      .describe('The transition as the reducer recorded it. It is kept whole.'),
    transition_history: z
      .array(transitionRecord)
      .nullish()
      .describe('Earlier transitions. They are checked and not stored, because they have rows already.'),
    metadata: jsonObject
      .nullish()
      .describe('Data kept with the transition and the state. A recovery can select states by its `namespace`.'),
    timestamp: timestamp.nullish().describe('When the transition happened, if `transition_record` does not say so.'),
  })
  .describe(
    'Appends one row to `fsm_transitions`, and moves the `fsm_states` row of the workflow forward. Further fields are ignored. ' +
      'A transition with the count, the states and the time of a stored one is a duplicate. The current transition is one under a newer time, too. ' +
      'A restart is a lower count with a later time, or the current count with a later time and other states. It begins an epoch.',
  );

export type PersistFsmTransitionPayload = z.infer<typeof persistFsmTransitionPayload>;

export const fsmTransitionFields = z.object({
  workflow_id: z.string().describe('The `workflow_id` of the payload, in lower case.'),
  transition_id: z.string().describe('The id of the row in `fsm_transitions`, a UUID.'),
  from_state: z.string().nullable().describe('The state before, in upper case; null for none.'),
  to_state: z.string().describe('The state after, in upper case.'),
  duplicate: z
    .boolean()
    .describe('Whether another intent had brought the same transition. `transition_id` is the one of its row then.'),
});

export const transitionEventFields = z.object({
  event_published: z
    .boolean()
    .nullable()
    .describe(
      'Whether FSM_STATE_TRANSITIONED was published. It is null for a repeat and a duplicate: their event is the first one.',
    ),
});
