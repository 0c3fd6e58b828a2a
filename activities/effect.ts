/**
 * An effect: what one intent type does to the outside world, as a factory over ports, bound to the type's definition.
 * `toActivity` in `boundary.ts` turns it into the Temporal activity.
 */
import type { Announcement } from '../src/intents/batch.js';
import type { z } from 'zod';
import type { AnyIntentDefinition } from '../src/intents/definition.js';
import type { EventSource } from '../src/intents/envelope.js';
import type {
  BridgeStateStore,
  Command,
  EffectOutcome,
  EventPublisher,
  FsmStateStore,
  FsmTransitionStore,
  Ledger,
} from '../src/intents/ports.js';

/** Everything effects may ask for; the worker's composition provides it. */
export interface Ports {
  readonly bridgeStates: BridgeStateStore;
  readonly fsmTransitions: FsmTransitionStore;
  readonly fsmStates: FsmStateStore;
  readonly ledger: Ledger;
  readonly publisher: EventPublisher;
  /** What every envelope says about its sender. */
  readonly source: EventSource;
}

/** One batch on its way through an effect. */
export interface EffectBatch<P> {
  readonly commands: readonly Command<P>[];
  readonly correlationId: string;
  /** When the activity was scheduled, ISO 8601: the same for each of its attempts. */
  readonly scheduledAt: string;
  /** Bytes of JSON that a result of any size is cut to. */
  readonly pageBytes: number;
  readonly announce: readonly Announcement[];
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
