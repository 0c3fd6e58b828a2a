/** The activity behind `PruneLedgerWorkflow`: one page of rows. */
import { z } from 'zod';
import type { PruneActivity } from '../src/intents/retention.js';
import type { Ports } from './effect.js';
import { attempt } from './attempt.js';
import type { OutageBudget } from './failures.js';
import { readInput } from './input.js';

const time = z.iso.datetime({ offset: true }).nullable();
const pageInput = z.object({ before: time, after: time });

export function pruneLedger({ retention }: Ports, budget: OutageBudget): PruneActivity {
  return async (given) => {
    const { before, after } = readInput(pageInput, given);
    return attempt('DATABASE_ERROR', budget, () => retention.prune(before, after));
  };
}
