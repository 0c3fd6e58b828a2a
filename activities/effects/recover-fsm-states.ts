import { recoverFsmStates as definition } from '../../src/domain/intents/recover-fsm-states/definition.js';
import { defineEffect } from './effect.js';

/** This effect is never in the ledger, because a repeat must read the states of now. */
export const recoverFsmStates = defineEffect(
  definition,
  ({ fsmStates }) =>
    ({ commands, pageBytes }) =>
      Promise.all(
        commands.map(async ({ payload }) => ({
          ok: true as const,
          result: await fsmStates.recover(payload, pageBytes),
          settled_at: new Date().toISOString(),
          repeated: false,
        })),
      ),
);
