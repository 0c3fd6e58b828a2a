/**
 * An intent definition says what the planner, the validation, the activities, the metrics and the Web UI need to know
 * of a type. A type is a folder with a `schema.ts` and a `definition.ts`, an activity, and a line in
 * `activities/registry.ts`.
 */
import type { z } from 'zod';
import type { Store } from '../failures/store.js';
import type { EventType } from '../events/event-types.js';
import type { IntentResult } from './result.js';

/**
 * This name selects the retry policy that the workflow runs the activity under (`workflows/policies.ts`). `write` and
 * `publish` change a store, `read` only asks.
 */
export type RetryPolicyName = 'write' | 'publish' | 'read';

/**
 * The ledger use says when an effect gets its row in the ledger. `with-effect`: in the effect's own transaction, so
 * that the row can fence it. `after-effect`: after the effect, so that a missing row says nothing.
 */
type LedgerUse = 'with-effect' | 'after-effect';

/** A derived event announces what became of an intent. The publisher adds its envelope. */
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
  /**
   * The ledger use. It is absent when the effect is not in the ledger; after a time-out nobody can then say whether it
   * happened.
   */
  readonly ledger?: LedgerUse;
  /** The most that one activity call takes: intents, and bytes of their JSON. */
  readonly limits: { readonly count: number; readonly bytes: number };
  /**
   * Whether a result may be of any size, and is cut to `EffectBatch.pageBytes`. Default false: a result has a few
   * hundred bytes.
   */
  readonly pagedResult?: boolean;
  /**
   * Returns the order key. Intents of one priority with the same key keep their input order.
   * @param correlationId is the list's.
   */
  orderKey(payload: z.output<Schema>, correlationId: string): string;
  /** Returns the tail of the activity's summary in the Web UI, e.g. `3 namespaces`; empty for none. */
  describe(payloads: readonly z.output<Schema>[]): string;
  /**
   * The store that the effect asks. Attempts and the outage budget are counted for it, and its failures bear its
   * `error_code`.
   */
  readonly store: Store;
  /** Returns the event that announces a success; null when there is nothing to announce. */
  announce(result: IntentResult): DerivedEvent | null;
  /**
   * Returns the `announcementKey` of the derived event that an intent stands for, null when there is none. Only intents
   * that are events themselves have this method.
   */
  announcedBy?(payload: z.output<Schema>): string | null;
}

/** This is a definition whose payload type is not of interest. Registries and planners hold it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- `any` is the one type every payload's methods accept
export type AnyIntentDefinition = IntentDefinition<string, z.ZodType<any, any>>;

/** Keeps the literal types of a definition and checks it. */
export const defineIntent = <Type extends string, Schema extends z.ZodType>(
  definition: IntentDefinition<Type, Schema>,
): IntentDefinition<Type, Schema> => definition;

/** Returns a number with its noun: `1 namespace`, `3 namespaces`. */
export const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
