import { recoverFsmStates as definition } from '../src/intents/recover-fsm-states/definition.js';
import { REPORT_BYTES } from '../src/intents/limits.js';
import { defineEffect } from './effect.js';

/** An answer travels in the activity's result and again in the report, beside other results: half of the report's room. */
const PAGE_BYTES = REPORT_BYTES / 2;

/** Never in the ledger: a repeat must read the states of now. */
export const recoverFsmStates = defineEffect(
  definition,
  ({ fsmStates }) =>
    ({ commands }) =>
      Promise.all(
        commands.map(async ({ payload }) => ({
          ok: true as const,
          result: await fsmStates.recover(payload, PAGE_BYTES),
          settled_at: new Date().toISOString(),
          repeated: false,
        })),
      ),
);
