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
      /** The priority; a higher one runs earlier. The default is the type's own. */
      readonly priority?: number | null;
      /** The intent id, a UUID; default: derived from request id, index and content. */
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
export interface NoIntent {
  readonly intent_type: never;
}

/**
 * An `Intent` is any intent this service executes, a union discriminated by `intent_type`. Narrow it by that field
 * before you read its `payload`.
 */
export type Intent = IntentOf<IntentType> | NoIntent;

/** A `Result` is one intent's result; narrow it by `intent_type`. With `success`, it has the type's own fields. */
export type Result = ResultOf<Registered>;

/** An `IntentsReport` is the report of a list, with results in input order. */
export type IntentsReport = Omit<Report, 'results'> & { readonly results: readonly Result[] };

/** An `EmittedListReport` is the report of a list that went by way of the intake. */
export type EmittedListReport = IntentsReport & Pick<Verdict, 'event_id' | 'correlation_id' | 'error' | 'rerun_at'>;

/** Whether lists may share an execution: `auto` when they wait, `never` when each is to have its own. */
export type Share = 'auto' | 'never';

/** These options belong to one list of intents. */
export interface ExecuteOptions {
  /** The name of the list; the same id again repeats nothing. The default is a random UUID. */
  readonly requestId?: string;
  /** The correlation id in every event's envelope and in the search attributes; default: the request id. */
  readonly correlationId?: string;
  /** A failed intent of this priority or higher skips all later tiers; default 2. */
  readonly failFastPriority?: number;
  /**
   * The derived events that are sent: `all`, `none`, or `unless_published` (default). The default leaves out those that
   * the list publishes itself, e.g. a STATE_PERSISTED of the same aggregation_id.
   */
  readonly derivedEvents?: 'unless_published' | 'all' | 'none';
  /** Whether the list may share an execution with others of this client; default: the option of `connect`. */
  readonly share?: Share;
}

/** `OrNull` are options as callers without types send them: null is absent, each and all. */
export type OrNull<Options> = { readonly [Name in keyof Options]: Options[Name] | null } | null;
