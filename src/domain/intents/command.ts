/**
 * A command is an intent on its way to a store; an `EffectOutcome` is the store's reply to it.
 *
 * Every store call takes a batch and replies in the batch's order. A store returns what concerns one intent (repeat,
 * conflict, invalid row). It throws an `EffectError` only when the whole call has to be tried again.
 */

/**
 * A command is one intent on its way to a store: its parsed payload, and what the ledger needs to recognise a repeat.
 */
export interface Command<P> {
  readonly intent_id: string;
  /**
   * SHA-256 (hex) of the canonical raw intent type and payload. It tells a repeat from another intent under the same
   * id.
   */
  readonly payload_hash: string;
  /** The Temporal execution of the intent's list, kept in the ledger for the operator. */
  readonly execution_id: string;
  /** The correlation id of the intent's list. */
  readonly correlation_id: string;
  /** The order key (`IntentDefinition.orderKey`). Commands that share it keep their order. */
  readonly order_key: string;
  readonly payload: P;
}

/**
 * An `EffectOutcome` is the reply of a store to one command. `result` holds the type's own result fields, `settled_at`
 * ISO 8601 UTC. `repeated`: another execution, or an earlier command of the batch, had the effect and announces it. It
 * is false for a retry of the same execution.
 */
export type EffectOutcome<R> =
  | {
      readonly ok: true;
      readonly result: R;
      readonly settled_at: string;
      readonly repeated: boolean;
      readonly dead_lettered?: boolean;
    }
  | {
      readonly ok: false;
      readonly error: string;
      readonly settled_at: string;
      /** The code of the failure; default `VALIDATION_ERROR`: the intent is at fault. */
      readonly error_code?: string;
      /**
       * Whether the command was not executed because its row is locked, or that of another one with the same key. It is
       * no failure: the caller asks again later.
       */
      readonly locked?: true;
    };

/** Returns whether a reply says that the command's row is locked. */
export const isLocked = (reply: EffectOutcome<unknown> | undefined): boolean =>
  reply?.ok === false && reply.locked === true;

/**
 * The lock wait says for how long a store asks again for locked rows, before it replies that they are locked.
 * `patient`: 10 s. `park`: a second. `probe`: 200 ms, and never together with commands that have not met a lock.
 */
export type LockWait = 'patient' | 'park' | 'probe';
