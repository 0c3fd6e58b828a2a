/**
 * An effect is what one intent type does to the outside world: a factory over ports, bound to the type's definition.
 * `toActivity` in `execution/batch-activity.ts` turns it into the Temporal activity.
 */
import type { Announcement } from '../../src/domain/execution/batch.js';
import type { z } from 'zod';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import type { Ports } from '../ports.js';
import type { Standing } from '../attempts/retries.js';
import type { Command, EffectOutcome, LockWait } from '../../src/domain/intents/command.js';

/** An effect batch is one batch on its way through an effect. */
export interface EffectBatch<P> extends Standing {
  readonly commands: readonly Command<P>[];
  /** The correlation id of announcements that name none. */
  readonly correlationId: string;
  /** Time at which the activity was scheduled, ISO 8601; the same for each of its attempts. */
  readonly scheduledAt: string;
  /** The most bytes of JSON in one result; a result that could have any size is cut there. */
  readonly pageBytes: number;
  readonly announce: readonly Announcement[];
  /** The lock wait: for how long the effect asks for locked rows. */
  readonly locks: LockWait;
  /** Reports that the announcement of an intent is not on its topic. */
  notAnnounced(intentId: string): void;
}

type Execute<P, R> = (batch: EffectBatch<P>) => Promise<EffectOutcome<R>[]>;

export interface Effect<Definition extends AnyIntentDefinition, R> {
  readonly definition: Definition;
  create(ports: Ports): Execute<z.output<Definition['schema']>, R>;
}

/** This is an effect whose types are not of interest, as the users of the registry see it. */
export interface AnyEffect {
  readonly definition: AnyIntentDefinition;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the payload is contravariant: no other type fits all
  create(ports: Ports): Execute<any, object>;
}

/** Binds an effect to its definition; `R` are the result fields of the type. */
export const defineEffect = <Definition extends AnyIntentDefinition, R extends object>(
  definition: Definition,
  create: Effect<Definition, R>['create'],
): Effect<Definition, R> => ({ definition, create });
