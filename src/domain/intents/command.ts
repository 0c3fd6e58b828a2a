/**
 * A command is an intent on its way to a store; an `EffectOutcome` is the store's reply to it.
 *
 * Every store call takes a batch and replies in the batch's order. A store returns what concerns one intent (repeat,
 * conflict, bad row), and throws an `EffectError` only when the whole call has to be tried again.
 */

/** One intent on its way to a store: parsed payload plus what the ledger needs to recognise a repeat. */
export interface Command<P> {
  readonly intent_id: string;
  /**
   * SHA-256 (hex) of the canonical raw intent type and payload: tells a repeat from another intent under the same id.
   */
  readonly payload_hash: string;
  /** The Temporal execution of the intent's list, kept in the ledger for the operator. */
  readonly execution_id: string;
  /** Of the intent's list. */
  readonly correlation_id: string;
  /** Commands that share it keep their order (`IntentDefinition.orderKey`). */
  readonly order_key: string;
  readonly payload: P;
}

/**
 * What a store says about one command. `result` holds the type's own result fields, `settled_at` ISO 8601 UTC.
 * `repeated`: another execution had the effect, or an earlier command of the batch, and announces it; false for a retry
 * of the same one.
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
      /** Default `VALIDATION_ERROR`: the intent is at fault. */
      readonly error_code?: string;
      /**
       * True: not executed, because its row is locked, or because one before it with the same key was not executed.
       * Only where the caller does not wait for the lock (`LockWait`).
       */
      readonly busy?: true;
    };

/**
 * The lock wait says how long a statement waits for locked rows. `patient`: until the server's statement time-out.
 * `park`: some seconds for all of the batch, then locked rows are left out. `probe`: the same at once, in transactions
 * of its own.
 */
export type LockWait = 'patient' | 'park' | 'probe';
