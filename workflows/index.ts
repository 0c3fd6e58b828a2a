/** What the worker registers. */
export { ExecuteIntentsWorkflow } from './execute-intents.js';
export { PruneLedgerWorkflow } from './prune-ledger.js';
export { RedriveDeadLettersWorkflow } from './redrive-dead-letters.js';
export { SweepExecutionsWorkflow } from './sweep-executions.js';
