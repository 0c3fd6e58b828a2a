/** The stores of the effects: what intents write and read in PostgreSQL. */
import type { PersistFsmTransitionPayload } from '../persist-fsm-transition/schema.js';
import type { PersistStatePayload } from './schema.js';
import type { RecoverFsmStatesPayload, RecoveredStates } from '../recover-fsm-states/schema.js';
import type { Command, EffectOutcome, LockWait } from '../command.js';

export interface PersistStateFields {
  readonly aggregation_id: string;
  readonly namespaces_persisted: readonly string[];
  readonly total_workflows: number;
  readonly total_items: number;
}

export interface FsmTransitionFields {
  readonly workflow_id: string;
  readonly transition_id: string;
  readonly from_state: string | null;
  readonly to_state: string;
  readonly duplicate: boolean;
}

export interface BridgeStateStore {
  /** @param locks default `patient`. */
  persist(
    batch: readonly Command<PersistStatePayload>[],
    locks?: LockWait,
  ): Promise<EffectOutcome<PersistStateFields>[]>;
}

export interface FsmTransitionStore {
  /** @param locks default `patient`. */
  insert(
    batch: readonly Command<PersistFsmTransitionPayload>[],
    locks?: LockWait,
  ): Promise<EffectOutcome<FsmTransitionFields>[]>;
}

export interface FsmStateStore {
  /** One page of states, newest first; at most `maxBytes` of JSON. */
  recover(request: RecoverFsmStatesPayload, maxBytes: number): Promise<RecoveredStates>;
}
