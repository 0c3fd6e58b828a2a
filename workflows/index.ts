/** What the worker registers. */
export { ExecuteIntentsWorkflow } from './execute-intents.js';
