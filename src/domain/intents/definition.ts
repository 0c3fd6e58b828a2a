/**
 * An intent type, said once: everything the planner, the validation, the activities, the metrics and the Web UI need to
 * know of it. A type is a folder with a `schema.ts` and a `definition.ts`, an activity, and a line in
 * `activities/registry.ts`.
 */
import type { z } from 'zod';
import type { Store } from '../failures/store.js';
import type { EventType } from '../events/event-types.js';
import type { IntentResult } from './result.js';

/**
 * Which retry policy the workflow runs the activity under (`workflows/policies.ts`).
 * `write` and `publish` change a store, `read` only asks.
 */
export type RetryPolicyName = 'write' | 'publish' | 'read';

/**
 * When an effect gets its row in the ledger: in the effect's own transaction, so that the row can fence it; or after
 * it, so that a missing row says nothing.
 */
type LedgerUse = 'with-effect' | 'after-effect';

/** An event announcing what happened to an intent; the envelope is added by the publisher. */
export interface DerivedEvent {
  readonly event_type: EventType;
  readonly partition_key: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface IntentDefinition<Type extends string, Schema extends z.ZodType> {
  /** `intent_type` on the wire. */
  readonly type: Type;
  /** The only `target` accepted on the wire. */
  readonly target: string;
  /** Priority of an intent that names none; higher runs earlier. */
  readonly defaultPriority: number;
  /** Payload schema. Its output is what the activity works with; the wire keeps the original. */
  readonly schema: Schema;
  /** Name of the Temporal activity that executes a batch. */
  readonly activity: string;
  readonly retryPolicy: RetryPolicyName;
  /** Absent: the effect is not in the ledger, and after a time-out nobody can say whether it happened. */
  readonly ledger?: LedgerUse;
  /** The most that one activity call takes: intents, and bytes of their JSON. */
  readonly limits: { readonly count: number; readonly bytes: number };
  /**
   * True when a result may be of any size, and is cut to `EffectBatch.pageBytes`. Default false: a few hundred bytes.
   */
  readonly pagedResult?: boolean;
  /** Intents of one priority with the same key keep their input order. */
  orderKey(payload: z.output<Schema>): string;
  /** Tail of the activity's summary in the Web UI, e.g. `3 namespaces`; empty for none. */
  describe(payloads: readonly z.output<Schema>[]): string;
  /**
   * The store that its effect asks: attempts and the outage budget are counted for it, and its failures bear its
   * `error_code`.
   */
  readonly store: Store;
  /** The event announcing a success; null when there is nothing to announce. */
  announce(result: IntentResult): DerivedEvent | null;
  /** For intents that are events themselves: the `announcementKey` of the derived event they stand for, if any. */
  announcedBy?(payload: z.output<Schema>): string | null;
}

/** A definition whose payload type is not of interest: what registries and planners hold. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- `any` is the one type every payload's methods accept
export type AnyIntentDefinition = IntentDefinition<string, z.ZodType<any, any>>;

/** Keeps the literal types of a definition and checks it. */
export const defineIntent = <Type extends string, Schema extends z.ZodType>(
  definition: IntentDefinition<Type, Schema>,
): IntentDefinition<Type, Schema> => definition;

/** `1 namespace`, `3 namespaces`. */
export const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
