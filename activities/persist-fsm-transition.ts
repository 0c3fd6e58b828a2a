import { persistFsmTransition as definition } from '../src/intents/persist-fsm-transition/definition.js';
import { defineEffect } from './effect.js';

export const persistFsmTransition = defineEffect(definition, ({ fsmTransitions }) => async ({ commands }) => {
  const outcomes = await fsmTransitions.insert(commands);
  // The workflow says so once the FSM_STATE_TRANSITIONED event is on its topic.
  return outcomes.map((outcome) =>
    outcome.ok ? { ...outcome, result: { ...outcome.result, event_published: false } } : outcome,
  );
});
