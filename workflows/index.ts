/** What the worker registers. */
export { ExecuteIntentsWorkflow } from './execute-intents.js';
export { ExecuteSliceWorkflow } from './execute-slice.js';
export { FindVerdictsWorkflow } from './find-verdicts.js';
export { PruneLedgerWorkflow } from './prune-ledger.js';
export { RecoverFsmStatesWorkflow } from './recover-fsm-states.js';
export { RedriveDeadLettersWorkflow } from './redrive-dead-letters.js';
export { SweepExecutionsWorkflow } from './sweep-executions.js';
