/**
 * An effect: what one intent type does to the outside world, as a factory over ports, bound to the type's definition.
 * `toActivity` in `execution/batch-activity.ts` turns it into the Temporal activity.
 */
import type { Announcement } from '../../src/domain/execution/batch.js';
import type { z } from 'zod';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import type { EventSource } from '../../src/domain/events/envelope.js';
import type { Command, EffectOutcome, LockWait } from '../../src/domain/intents/command.js';
import type { DeadLetterStore } from '../../src/domain/dead-letters/port.js';
import type {
  BridgeStateStore,
  FsmStateStore,
  FsmTransitionStore,
} from '../../src/domain/intents/persist-state/store.js';
import type { EndedExecutions, SweptExecutions } from '../../src/domain/sweep/port.js';
import type { Ledger, LedgerRetention } from '../../src/domain/ledger/port.js';
import type { EventPublisher } from '../../src/domain/events/publisher.js';
import type { ParkedLists, ParkedRuns, VerdictStore } from '../../src/domain/intake/ports.js';

/** Everything effects may ask for; the worker's composition provides it. */
export interface Ports {
  readonly bridgeStates: BridgeStateStore;
  readonly fsmTransitions: FsmTransitionStore;
  readonly fsmStates: FsmStateStore;
  readonly ledger: Ledger;
  readonly publisher: EventPublisher;
  readonly deadLetters: DeadLetterPort;
  readonly retention: Pick<LedgerRetention, 'prune' | 'prunedBefore'>;
  readonly endedExecutions: EndedExecutions;
  readonly sweptExecutions: SweptExecutions;
  readonly verdicts: VerdictStore;
  readonly parkedLists: ParkedLists;
  readonly parkedRuns: ParkedRuns;
  /** What every envelope says about its sender. */
  readonly source: EventSource;
}

/** Where events go that no broker takes. */
interface DeadLetterPort {
  readonly store: DeadLetterStore;
  /** Attempts of the activity before an event becomes a dead letter; Infinity: it never does (KAFKA_ENABLE_DLQ=false). */
  readonly afterAttempts: number;
  /** Of dead letter topics, e.g. `.dlq`. */
  readonly topicSuffix: string;
  /** True: messages do not queue behind an open letter of their topic and key (DLQ_LETTERS_PASS). */
  readonly lettersPass: boolean;
  /** Redrives after which the automatic one leaves a letter alone. */
  readonly maxRedrives: number;
}

/** One batch on its way through an effect. */
export interface EffectBatch<P> {
  readonly commands: readonly Command<P>[];
  /** Of announcements that name none. */
  readonly correlationId: string;
  /** When the activity was scheduled, ISO 8601: the same for each of its attempts. */
  readonly scheduledAt: string;
  /** Bytes of JSON that a result of any size is cut to. */
  readonly pageBytes: number;
  readonly announce: readonly Announcement[];
  /** What to do about rows that others hold. */
  readonly locks: LockWait;
  /** Which attempt this is at the store of the intent type's `errorCode`, from 1: another store's failures are not counted. */
  readonly attempt: number;
  /** Whether Temporal makes no attempt after this one, if it fails with `error`. */
  isLast(error: unknown): boolean;
  /** Tells that the announcement of an intent is not on its topic. */
  notAnnounced(intentId: string): void;
}

type Carry<P, R> = (batch: EffectBatch<P>) => Promise<EffectOutcome<R>[]>;

export interface Effect<Definition extends AnyIntentDefinition, R> {
  readonly definition: Definition;
  create(ports: Ports): Carry<z.output<Definition['schema']>, R>;
}

/** An effect whose types are not of interest: what the registry's users hold. */
export interface AnyEffect {
  readonly definition: AnyIntentDefinition;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the payload is contravariant: no other type fits all
  create(ports: Ports): Carry<any, object>;
}

/** Binds an effect to its definition; `R` are the result fields of the type. */
export const defineEffect = <Definition extends AnyIntentDefinition, R extends object>(
  definition: Definition,
  create: Effect<Definition, R>['create'],
): Effect<Definition, R> => ({ definition, create });
