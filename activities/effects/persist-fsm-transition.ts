import { persistFsmTransition as definition } from '../../src/domain/intents/persist-fsm-transition/definition.js';
import { defineEffect } from './effect.js';

export const persistFsmTransition = defineEffect(definition, ({ fsmTransitions }) => async ({ commands, locks }) => {
  const outcomes = await fsmTransitions.insert(commands, locks);
  return outcomes.map((outcome) => {
    if (!outcome.ok) return outcome;
    // The field is false until the workflow has published the event. It is null for a repeat or a duplicate, whose
    // event is left to the first intent.
    const event_published = outcome.repeated || outcome.result.duplicate ? null : false;
    return { ...outcome, result: { ...outcome.result, event_published } };
  });
});
