/** Public API of the package. */
export { ExecutionError, RefusedError, RequestConflictError } from './errors.js';
export type { EmittedList, KafkaOptions } from './list-emitter.js';
export type { RecoveredStatesWalk, RecoveredWorkflow, RecoverOptions } from './recovered-states.js';
export { type ConnectOptions, type StartedExecution, StoreEffectClient } from './store-effect-client.js';
export type { ExecuteOptions, Intent, IntentsReport, Result } from './types.js';
export type { RecoveredStateEvent, RecoverySummaryEvent } from '../intents/recovery.js';
export { LimitError } from '../intents/limits.js';
export { RequestError } from '../intents/request.js';
