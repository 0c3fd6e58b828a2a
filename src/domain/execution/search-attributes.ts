/**
 * These are the search attributes of an execution. `bridge setup` registers them, because they must exist before the
 * first start.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import type { IntentResult } from '../intents/result.js';

/** The attribute is `running` until the end, then the report's outcome. Its type is Keyword. */
export const intentOutcome = defineSearchAttributeKey('IntentOutcome', 'KEYWORD');
/** Distinct intent types of the list; KeywordList. */
export const intentTypes = defineSearchAttributeKey('IntentTypes', 'KEYWORD_LIST');
/** Intents that did not succeed; Int. */
export const failedIntents = defineSearchAttributeKey('FailedIntents', 'INT');
/** The list's correlation id; Keyword. */
export const correlationId = defineSearchAttributeKey('CorrelationId', 'KEYWORD');
/**
 * Effects that may have happened and are not announced, for the sweep to announce; Int. They are announcements that no
 * broker took before the execution closed, and intents that are `unknown`. The attribute is absent when there are none.
 */
export const unannouncedEffects = defineSearchAttributeKey('UnannouncedEffects', 'INT');

/** Returns the attribute for an execution that closes. @param announcements that no broker took. */
export function unannouncedIn(announcements: number, results: readonly Pick<IntentResult, 'status'>[]) {
  const value = announcements + results.filter(({ status }) => status === 'unknown').length;
  return value === 0 ? [] : [{ key: unannouncedEffects, value }];
}

export const searchAttributeKeys = [
  intentOutcome,
  intentTypes,
  failedIntents,
  correlationId,
  unannouncedEffects,
] as const;
