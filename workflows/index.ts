/** These are the Temporal workflows that the worker registers. */
export { ExecuteIntentsWorkflow } from './execution/execute-intents.js';
export { ExecuteListsWorkflow } from './sharing/execute-lists.js';
export { ExecuteParkedListsWorkflow } from './intake/execute-parked-lists.js';
export { ExecuteSliceWorkflow } from './intake/execute-slice.js';
export { FindVerdictsWorkflow } from './intake/find-verdicts.js';
export { PruneFsmStatesWorkflow } from './maintenance/prune-fsm-states.js';
export { PruneLedgerWorkflow } from './maintenance/prune-ledger.js';
export { RecoverFsmStatesWorkflow } from './maintenance/recover-fsm-states.js';
export { RedriveDeadLettersWorkflow } from './maintenance/redrive-dead-letters.js';
export { SweepExecutionsWorkflow } from './maintenance/sweep-executions.js';
