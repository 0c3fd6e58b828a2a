import { persistFsmTransition as definition } from '../../src/domain/intents/persist-fsm-transition/definition.js';
import { defineEffect } from './effect.js';

export const persistFsmTransition = defineEffect(definition, ({ fsmTransitions }) => async ({ commands, locks }) => {
  const outcomes = await fsmTransitions.insert(commands, locks);
  return outcomes.map((outcome) => {
    if (!outcome.ok) return outcome;
    // False until the workflow has published the event. A repeat's or a duplicate's is the first one's affair: null.
    const event_published = outcome.repeated || outcome.result.duplicate ? null : false;
    return { ...outcome, result: { ...outcome.result, event_published } };
  });
});
