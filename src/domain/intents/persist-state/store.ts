/** These ports write and read the rows of the effects in PostgreSQL. */
import type { z } from 'zod';
import type { fsmTransitionFields, PersistFsmTransitionPayload } from '../persist-fsm-transition/schema.js';
import type { persistStateFields, PersistStatePayload } from './schema.js';
import type { RecoverFsmStatesPayload, RecoveredStates } from '../recover-fsm-states/schema.js';
import type { Command, EffectOutcome, LockWait } from '../command.js';

/** These are the fields of the result of a PersistState. */
export type PersistStateFields = Readonly<z.infer<typeof persistStateFields>>;

/** These are the fields of the result of a PersistFSMTransition. */
export type FsmTransitionFields = Readonly<z.infer<typeof fsmTransitionFields>>;

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
  /**
   * Reads one page of states, at most `maxBytes` of JSON. Without a cursor the page has the newest states, else the
   * next ones by workflow id.
   */
  recover(request: RecoverFsmStatesPayload, maxBytes: number): Promise<RecoveredStates>;
}
