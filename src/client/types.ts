/** These are the types that an orchestrator works with. They follow from the registry of intent types. */
import type { z } from 'zod';
import type * as registry from '../../activities/registry.js';
import type { Report } from '../domain/execution/report.js';
import type { BaseResult } from '../domain/intents/result.js';
import type { Verdict } from '../domain/intake/list.js';

type Registered = (typeof registry)[keyof typeof registry];

type IntentOfEffect<E> = E extends { definition: { type: infer Type; schema: infer Schema extends z.ZodType } }
  ? {
      readonly intent_type: Type;
      readonly target: string;
      readonly payload: z.input<Schema>;
      /** Higher runs earlier; default: the type's own. */
      readonly priority?: number | null;
      /** A UUID; default: derived from request id, index and content. */
      readonly intent_id?: string | null;
    }
  : never;

type ResultOf<E> = E extends {
  definition: { type: infer Type };
  create(ports: never): (batch: never) => Promise<({ ok: true; result: infer Fields } | { ok: false })[]>;
}
  ? BaseResult & { readonly intent_type: Type } & Partial<Fields>
  : never;

/** The names of the intent types. */
export type IntentType = Registered['definition']['type'];

/** An intent of one type: `IntentOf<'PublishEvent'>`. */
export type IntentOf<Type extends IntentType> = Extract<IntentOfEffect<Registered>, { readonly intent_type: Type }>;

/**
 * No value has this type. While one member of `Intent` lacks `payload`, the compiler selects the member by
 * `intent_type` first, and its error names the wrong field. Otherwise it compares a payload with those of all types at
 * once, and blames types that nobody wrote.
 */
interface NoIntent {
  readonly intent_type: never;
}

/**
 * Any intent this service executes, a union discriminated by `intent_type`: narrow it by that before you read its
 * `payload`.
 */
export type Intent = IntentOf<IntentType> | NoIntent;

/** One intent's result; narrow it by `intent_type`. The type's own fields are there when `success` is true. */
export type Result = ResultOf<Registered>;

/** The report of a list, results in input order. */
export type IntentsReport = Omit<Report, 'results'> & { readonly results: readonly Result[] };

/** The report of a list that went by way of the intake. */
export type EmittedListReport = IntentsReport & Pick<Verdict, 'event_id' | 'correlation_id' | 'error'>;

export interface ExecuteOptions {
  /** Names the list; the same id again repeats nothing. Default: a random UUID. */
  readonly requestId?: string;
  /** In every event's envelope and the search attributes. Default: the request id. */
  readonly correlationId?: string;
  /** A failed intent of this priority or higher skips all later tiers. Default 2. */
  readonly failFastPriority?: number;
  /**
   * Which derived events are sent: `all`, `none`, or `unless_published` (default): all but those that the list
   * publishes itself, e.g. a STATE_PERSISTED of the same aggregation_id.
   */
  readonly derivedEvents?: 'unless_published' | 'all' | 'none';
}
