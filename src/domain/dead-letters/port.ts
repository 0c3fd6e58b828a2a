/** This port stores dead letters: messages that no broker took. */
import type { LedgerRecord } from '../ledger/port.js';
import type { EventPublisher, OutboundMessage } from '../events/publisher.js';

/** A new dead letter is a message that no broker took, on its way to the dead letters. */
export interface NewDeadLetter {
  readonly intent_id: string;
  readonly event_id: string;
  readonly message: OutboundMessage;
  readonly failure_reason: string;
  /** Attempts made to publish the message; 0 for a message that is blocked by an open letter. */
  readonly retry_attempts: number;
}

/** A `DeadLetter` is a dead letter as it is stored. */
export interface DeadLetter extends NewDeadLetter {
  readonly id: number;
  /** The number of redrives that a broker has refused. */
  readonly redrive_count: number;
  /** ISO 8601 UTC. */
  readonly created_at: string;
}

/** This filter selects open letters. Every field narrows the selection. */
export interface DeadLetterFilter {
  readonly topic?: string;
  /** Letters created at or after this time, ISO 8601. */
  readonly since?: string;
  readonly ids?: readonly number[];
  /** The number of refused redrives from which a letter is left out. */
  readonly maxRedrives?: number;
}

/** A `RedrivePage` says what one page of a redrive did with its letters. */
export interface RedrivePage {
  readonly redriven: number;
  /** Letters that were refused once more. */
  readonly failed: number;
  /** Letters left because an older letter of the same topic and key stays open, or the topic took no more. */
  readonly behind: number;
  /** The cursor of the next page; null when there is no next page. */
  readonly next: number | null;
  /** The reason why the redrive cannot go on, when the brokers are unavailable; else null. */
  readonly stopped: string | null;
}

/** An outlet is the way to the brokers for letters and their copies. */
export interface DeadLetterOutlet {
  readonly publisher: EventPublisher;
  /** The suffix of dead letter topics, e.g. `.dlq`. */
  readonly topicSuffix: string;
}

export interface DeadLetterStore {
  /** Returns for each message whether a letter of its topic and key is open. */
  blocked(messages: readonly OutboundMessage[]): Promise<boolean[]>;
  /**
   * Stores letters and, for those that are intents, their ledger rows, in one transaction. A letter that is stored
   * already stays as it is, and an intent that the ledger has already gets no letter.
   * @returns by intent id the rows that were there before.
   */
  add(
    letters: readonly NewDeadLetter[],
    records: readonly Omit<LedgerRecord, 'settled_at'>[],
  ): Promise<ReadonlyMap<string, LedgerRecord>>;
  /** Marks the letters of these events as copied, because the `.dlq` topic has their copies. */
  copied(eventIds: readonly string[]): Promise<void>;
  list(filter: DeadLetterFilter, after: number, limit: number): Promise<DeadLetter[]>;
  /**
   * Sends up to `limit` letters with ids over `after`, and copies those that stay open. Only one call runs at a time,
   * in all processes together.
   */
  redrive(filter: DeadLetterFilter, after: number, limit: number, outlet: DeadLetterOutlet): Promise<RedrivePage>;
}
