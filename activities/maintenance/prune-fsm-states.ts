/** This is the activity behind `PruneFsmStatesWorkflow`: it prunes one page of transitions and ended workflows. */
import type { FsmPruneActivity } from '../../src/domain/recovery/retention.js';
import { attempt } from '../attempts/attempt.js';
import type { OutageBudget } from '../attempts/outage-budget.js';
import { readInput } from '../parse-input.js';
import type { Ports } from '../ports.js';
import { pageInput } from './prune-ledger.js';

export function pruneFsmStates({ fsmRetention }: Ports, budget: OutageBudget): FsmPruneActivity {
  return async (given) => {
    const { before, after } = readInput(pageInput, given);
    return attempt('postgres', budget, () => fsmRetention.prune(before, after));
  };
}
