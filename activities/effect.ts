/**
 * An effect: what one intent type does to the outside world, as a factory over ports, bound to the type's definition.
 * `toActivity` in `boundary.ts` turns it into the Temporal activity.
 */
import type { Announcement } from '../src/intents/batch.js';
import type { IntentDefinition } from '../src/intents/definition.js';
import type { EventSource } from '../src/intents/envelope.js';
import type { BridgeStateStore, Command, EffectOutcome, EventPublisher, FsmStateStore, FsmTransitionStore, Ledger } from '../src/intents/ports.js';

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
  readonly announce: readonly Announcement[];
}

export type Carry<P> = (batch: EffectBatch<P>) => Promise<EffectOutcome<object>[]>;

export interface Effect<P> {
  readonly definition: IntentDefinition<string, P>;
  create(ports: Ports): Carry<P>;
}

export const defineEffect = <P>(definition: IntentDefinition<string, P>, create: Effect<P>['create']): Effect<P> => ({
  definition,
  create,
});

/** An effect whose payload type is not of interest: what the registry's users hold. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- methods make the payload invariant; `any` is its only top type
export type AnyEffect = Effect<any>;
