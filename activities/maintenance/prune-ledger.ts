/** This is the activity behind `PruneLedgerWorkflow`: it prunes one page of rows. */
import { z } from 'zod';
import { timestamp } from '../../src/domain/intents/fields.js';
import type { PruneActivity } from '../../src/domain/ledger/retention.js';
import type { Ports } from '../ports.js';
import { attempt } from '../attempts/attempt.js';
import type { OutageBudget } from '../attempts/outage-budget.js';
import { readInput } from '../parse-input.js';

/** The input of every prune's activity. */
export const pageInput = z.object({ before: timestamp.nullable(), after: timestamp.nullable() });

export function pruneLedger({ retention }: Ports, budget: OutageBudget): PruneActivity {
  return async (given) => {
    const { before, after } = readInput(pageInput, given);
    return attempt('postgres', budget, () => retention.prune(before, after));
  };
}
