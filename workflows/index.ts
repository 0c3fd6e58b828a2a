/** What the worker registers. */
export { ExecuteIntentsWorkflow } from './execute-intents.js';
export { RedriveDeadLettersWorkflow } from './redrive-dead-letters.js';
