/** Messages no broker took. */
import type { LedgerRecord } from '../ledger/port.js';
import type { EventPublisher, OutboundMessage } from '../events/publisher.js';

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
  /** The number of redrives that a broker has refused. */
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
  /** Left because an older letter of the same topic and key stays open, or the topic took none any more. */
  readonly behind: number;
  /** Where the next page starts; null when there is none. */
  readonly next: number | null;
  /** Why the redrive cannot go on, when the brokers are unavailable. */
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
  /**
   * Stores letters, and the ledger's rows of those that are intents, together. A letter that is there already stays.
   */
  add(letters: readonly NewDeadLetter[], records: readonly Omit<LedgerRecord, 'settled_at'>[]): Promise<void>;
  /** Notes that the `.dlq` topic has the copies. */
  copied(eventIds: readonly string[]): Promise<void>;
  list(filter: DeadLetterFilter, after: number, limit: number): Promise<DeadLetter[]>;
  /** Sends up to `limit` letters with ids over `after`, and copies those that stay. One at a time, everywhere. */
  redrive(filter: DeadLetterFilter, after: number, limit: number, outlet: DeadLetterOutlet): Promise<RedrivePage>;
}
