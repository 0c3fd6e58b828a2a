/** This module is the public API of the package. */
export {
  ClosedError,
  ExecutionError,
  NoWorkerError,
  RefusedError,
  RequestConflictError,
  ResultTimeoutError,
} from './errors.js';
export type { CredentialOptions } from './credentials.js';
export type { KafkaOptions } from './kafka.js';
export { ConfigError, type KafkaSecurityOptions } from '../config.js';
export type { EmittedList } from './list-emitter.js';
export type { RecoveredStatesWalk, RecoveredWorkflow, RecoverOptions } from './recovered-states.js';
export type { StartedExecution } from './start-execution.js';
export { type AwaitOptions, type ConnectOptions, StoreEffectClient } from './store-effect-client.js';
export type {
  EmittedListReport,
  ExecuteOptions,
  Intent,
  IntentOf,
  IntentsReport,
  IntentType,
  NoIntent,
  Result,
  Share,
} from './types.js';
export type { Progress } from '../../workflows/execution/progress.js';
export { EffectError, type FailureClass } from '../domain/failures/failure.js';
export type { Store } from '../domain/failures/store.js';
export type { Verdict } from '../domain/intake/list.js';
export type { RecoveredState } from '../domain/intents/recover-fsm-states/schema.js';
export type { RecoveredStateEvent, RecoverySummaryEvent } from '../domain/recovery/recovery.js';
export { dataConverterOf, type PayloadSettings } from '../payloads/data-converter.js';
export { LimitError } from '../domain/values/limits.js';
export type { Report } from '../domain/execution/report.js';
export { RequestError, type RequestInput } from '../domain/execution/request.js';
