/**
 * A result is what the report says of one intent. Shapes follow the seed contract (docs/seed.md), plus `intent_id` and
 * `status`. This module is free of zod, because workflow code imports it.
 */
import type { z } from 'zod';
import type { baseResult, intentStatus, outcome } from './result-schema.js';

/** The status says how an intent ended. `success` is true for `succeeded` and `dead_lettered` only. */
export type IntentStatus = z.infer<typeof intentStatus>;

/** These are the fields that every result has, whatever the intent type. */
export type BaseResult = Readonly<z.infer<typeof baseResult>>;

/** An `IntentResult` is one intent's result: the base fields and those of its type. */
export type IntentResult = BaseResult & Readonly<Record<string, unknown>>;

/** The outcome says how the whole list ended. */
export type Outcome = z.infer<typeof outcome>;
