/** These ports are the interfaces by which activities ask stores, brokers and Temporal. */
import type { EventSource } from '../src/domain/events/envelope.js';
import type { DeadLetterStore } from '../src/domain/dead-letters/port.js';
import type { BridgeStateStore, FsmStateStore, FsmTransitionStore } from '../src/domain/intents/persist-state/store.js';
import type { StartedLists } from '../src/domain/sharing/owners.js';
import type { EndedExecutions, SweptExecutions } from '../src/domain/sweep/port.js';
import type { Ledger, LedgerRetention } from '../src/domain/ledger/port.js';
import type { FsmRetention } from '../src/domain/recovery/retention.js';
import type { EventPublisher } from '../src/domain/events/publisher.js';
import type { ParkedLists, ParkedRuns, VerdictStore } from '../src/domain/intake/ports.js';

/** The ports are everything that effects may ask for; the worker's composition provides them. */
export interface Ports {
  readonly bridgeStates: BridgeStateStore;
  readonly fsmTransitions: FsmTransitionStore;
  readonly fsmStates: FsmStateStore;
  readonly ledger: Ledger;
  readonly publisher: EventPublisher;
  readonly deadLetters: DeadLetterPort;
  readonly retention: Pick<LedgerRetention, 'prune' | 'prunedBefore'>;
  readonly fsmRetention: Pick<FsmRetention, 'prune'>;
  readonly endedExecutions: EndedExecutions;
  readonly sweptExecutions: SweptExecutions;
  readonly verdicts: VerdictStore;
  readonly parkedLists: ParkedLists;
  readonly parkedRuns: ParkedRuns;
  readonly startedLists: StartedLists;
  /** The sender that every envelope names, and the topic prefix. */
  readonly source: EventSource;
}

/** The dead letter port keeps the events that no broker takes. */
interface DeadLetterPort {
  readonly store: DeadLetterStore;
  /**
   * Attempts of the activity before an event becomes a dead letter; Infinity when it never does
   * (KAFKA_ENABLE_DLQ=false).
   */
  readonly afterAttempts: number;
  /** Suffix of dead letter topics, e.g. `.dlq`. */
  readonly topicSuffix: string;
  /**
   * Whether letters pass: messages then do not queue behind an open letter of their topic and key (DLQ_LETTERS_PASS).
   */
  readonly lettersPass: boolean;
  /** The most redrives of a letter, after which the automatic redrive leaves it alone. */
  readonly maxRedrives: number;
}
