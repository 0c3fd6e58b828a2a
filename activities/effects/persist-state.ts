import { persistState as definition } from '../../src/domain/intents/persist-state/definition.js';
import { defineEffect } from './effect.js';

export const persistState = defineEffect(
  definition,
  ({ bridgeStates }) =>
    ({ commands, locks }) =>
      bridgeStates.persist(commands, locks),
);
