/**
 * Ports: what activities ask of the outside world. `src/postgres` and `src/kafka` implement them, `src/worker` puts them
 * together; activities never see a driver.
 *
 * Every store call takes a batch and answers in the batch's order. A store settles what it can say about one intent
 * (repeat, conflict, bad row) as an outcome, and throws an `EffectError` only when the whole call has to be tried again.
 */
import type { EffectError } from './failure.js';
import type { SliceList, Verdict } from './slice.js';
import type { PersistFsmTransitionPayload } from './persist-fsm-transition/schema.js';
import type { PersistStatePayload } from './persist-state/schema.js';
import type { RecoverFsmStatesPayload, RecoveredStates } from './recover-fsm-states/schema.js';

/** One intent on its way to a store: parsed payload plus what the ledger needs to recognise a repeat. */
export interface Command<P> {
  readonly intent_id: string;
  /** SHA-256 (hex) of the canonical raw intent type and payload: tells a repeat from another intent under the same id. */
  readonly payload_hash: string;
  /** The Temporal execution that carries the intent, kept in the ledger for the operator. */
  readonly execution_id: string;
  /** Of the intent's list. */
  readonly correlation_id: string;
  /** Commands that share it keep their order (`IntentDefinition.orderKey`). */
  readonly order_key: string;
  readonly payload: P;
}

/**
 * What a store says about one command. `result` holds the type's own result fields, `settled_at` ISO 8601 UTC. `repeated`:
 * another execution had the effect, or an earlier command of the batch, and announces it; false for a retry of the same one.
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
       * True: not carried out, because somebody holds its row, or because one before it with the same key was not. Only where the
       * caller does not wait for that (`LockWait`).
       */
      readonly busy?: true;
    };

/**
 * How long for rows that another transaction holds. `patient`: until the server's statement time-out. `park`: some seconds for
 * all of the batch, then those that are held are left out. `probe`: the same, at once; its batches share no transaction with others.
 */
export type LockWait = 'patient' | 'park' | 'probe';

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

export interface PublishFields {
  readonly event_type: string;
  readonly topic: string;
  readonly event_id: string;
  readonly event_published: boolean;
  readonly dlq_fallback: boolean;
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

/** What the ledger remembers of an intent that had its effect. */
export interface LedgerRecord {
  readonly intent_id: string;
  readonly intent_type: string;
  readonly payload_hash: string;
  readonly execution_id: string;
  readonly result: Readonly<Record<string, unknown>>;
  readonly settled_at: string;
}

/** The ledger, for effects that cannot share a transaction with it (Kafka), and for reading stored outcomes. */
export interface Ledger {
  find(intentIds: readonly string[]): Promise<ReadonlyMap<string, LedgerRecord>>;
  /** Insert, on conflict do nothing: the first outcome stays. */
  record(records: readonly Omit<LedgerRecord, 'settled_at'>[]): Promise<void>;
  /**
   * Keeps these intents from having their effect in this execution any more, by a tombstone each. Waits for a transaction that
   * is carrying one out. @returns the records of those that had their effect already, which stay.
   */
  giveUp(intents: readonly GivenUp[]): Promise<ReadonlyMap<string, LedgerRecord>>;
}

/** An intent that will be reported as failed. */
export interface GivenUp extends Omit<LedgerRecord, 'settled_at' | 'result'> {
  readonly error: string;
  readonly error_code: string;
}

/** A message for Kafka, already wrapped: `key` decides the partition and so the order. */
export interface OutboundMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What became of one message. `sent`: all replicas have it. */
export type SendOutcome = { readonly sent: true } | { readonly sent: false; readonly error: EffectError };

export interface EventPublisher {
  /**
   * Settles each message, in order. After one that was not sent for another reason than being `invalid`, none of its topic is.
   */
  publish(messages: readonly OutboundMessage[]): Promise<SendOutcome[]>;
}

/** A message no broker took, on its way to the dead letters. */
export interface NewDeadLetter {
  readonly intent_id: string;
  readonly event_id: string;
  readonly message: OutboundMessage;
  readonly failure_reason: string;
  /** Attempts made to publish it; 0 for one that queues behind an open letter. */
  readonly retry_attempts: number;
}

/** A stored dead letter. */
export interface DeadLetter extends NewDeadLetter {
  readonly id: number;
  /** Redrives a broker answered with a refusal. */
  readonly redrive_count: number;
  /** ISO 8601 UTC. */
  readonly created_at: string;
}

/** Which open letters; every field narrows. */
export interface DeadLetterFilter {
  readonly topic?: string;
  /** Letters created at or after this time, ISO 8601. */
  readonly since?: string;
  readonly ids?: readonly number[];
  /** Leave out letters with this many redrives behind them. */
  readonly maxRedrives?: number;
}

/** What a page of a redrive did. */
export interface RedrivePage {
  readonly redriven: number;
  /** Refused once more. */
  readonly failed: number;
  /** Left because an older letter of the same topic and key stays open. */
  readonly behind: number;
  /** Where the next page starts; null when there is none. */
  readonly next: number | null;
  /** Why the redrive cannot go on, when the brokers are away. */
  readonly stopped: string | null;
}

/** Where letters and their copies are sent. */
export interface DeadLetterOutlet {
  readonly publisher: EventPublisher;
  /** Of dead letter topics, e.g. `.dlq`. */
  readonly topicSuffix: string;
}

export interface DeadLetterStore {
  /** For each message, whether a letter is open for its topic and key. */
  blocked(messages: readonly OutboundMessage[]): Promise<boolean[]>;
  /** Stores letters, and the ledger's rows of those that are intents, together. A letter that is there already stays. */
  bury(letters: readonly NewDeadLetter[], records: readonly Omit<LedgerRecord, 'settled_at'>[]): Promise<void>;
  /** Notes that the `.dlq` topic has the copies. */
  copied(eventIds: readonly string[]): Promise<void>;
  list(filter: DeadLetterFilter, after: number, limit: number): Promise<DeadLetter[]>;
  /** Sends up to `limit` letters with ids over `after`, and copies those that stay. One at a time, everywhere. */
  redrive(filter: DeadLetterFilter, after: number, limit: number, outlet: DeadLetterOutlet): Promise<RedrivePage>;
}

/** What pruning one page of the ledger did. Times are ISO 8601 UTC. */
export interface LedgerPruned {
  readonly deleted: number;
  readonly letters_deleted: number;
  readonly marks_deleted: number;
  readonly verdicts_deleted: number;
  /** What was settled before this time may be gone; null when the ledger is kept for ever. */
  readonly pruned_before: string | null;
  /** The newest row deleted, where the next page starts; null when there is no more. */
  readonly next: string | null;
}

/** How much the ledger holds. */
export interface LedgerSize {
  /** Estimated. */
  readonly rows: number;
  /** With indexes. */
  readonly bytes: number;
  /** By how much the oldest row that may go is past the retention; 0 when none is. */
  readonly lagSeconds: number;
}

/** Verdicts on the lists that came through the intake: the first one stored for an event id is the only one ever told. */
export interface VerdictStore {
  /** Stored verdicts by event id. */
  find(eventIds: readonly string[]): Promise<ReadonlyMap<string, Verdict>>;
  /** Stores those whose event id has none yet. @returns the stored verdict of each, by event id. */
  store(verdicts: readonly Verdict[]): Promise<ReadonlyMap<string, Verdict>>;
}

/** Some of a partition's parked lists. */
export interface ParkedPage {
  /** In their order; none shares a key with one before it that is left out. */
  readonly lists: readonly SliceList[];
  /** How many the partition has, with those left out. */
  readonly parked: number;
  /** Where the next page starts; null when there is none. */
  readonly next: number | null;
}

/** Lists that wait for a key, by partition: the workflow id of its slices. */
export interface ParkedLists {
  /** Keys of a partition's parked lists. */
  keys(partition: string): Promise<ReadonlySet<string>>;
  /** Adds lists behind those that are there; one that is there already stays where it is. */
  park(
    partition: string,
    lists: readonly { readonly list: SliceList; readonly keys: readonly string[] }[],
  ): Promise<void>;
  /** @param after `next` of the page before; 0 for the first. */
  page(partition: string, after: number): Promise<ParkedPage>;
  remove(eventIds: readonly string[]): Promise<void>;
}

/** The executions that carry out parked lists. */
export interface ParkedRuns {
  /** Sees to it that one runs which will find what is parked now. */
  wake(partition: string): Promise<void>;
}

export interface LedgerRetention {
  /**
   * Deletes one page of what is older than the retention: ledger rows without an open dead letter, redriven letters, marks
   * of swept executions, verdicts.
   * @param before the time a prune goes by, so that all its pages mean the same; null: now less the retention.
   * @param after where the page before ended.
   */
  prune(before: string | null, after: string | null): Promise<LedgerPruned>;
  size(): Promise<LedgerSize>;
  /** What was settled before this time, ISO 8601, may be gone; null: nothing was ever pruned. */
  prunedBefore(): Promise<string | null>;
}

/** A run of a workflow. */
export interface Execution {
  readonly workflow_id: string;
  readonly run_id: string;
}

/** As the ledger names it: another run of the same workflow is another execution. */
export const executionId = ({ workflow_id, run_id }: Execution): string => `${workflow_id}/${run_id}`;

/** Executions of intents that ended without announcing all their effects, as far as Temporal remembers. */
export interface EndedExecutions {
  /** @param closedBefore ISO 8601. @param after `next` of the page before. */
  list(
    closedBefore: string,
    after: string | null,
    limit: number,
  ): Promise<{ readonly executions: readonly Execution[]; readonly next: string | null }>;
  /** What an execution was started with; null when its history is gone. */
  input(execution: Execution): Promise<{ readonly value: unknown } | null>;
}

/** Which executions are swept; by their `executionId`. */
export interface SweptExecutions {
  /** Those of `ids` that are not swept yet. */
  unswept(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Marks executions; one that is marked stays as it is. */
  mark(marks: readonly { readonly execution_id: string; readonly reason: string | null }[]): Promise<void>;
}
