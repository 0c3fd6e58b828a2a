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
/** Request ids of the lists of a shared execution, by which each of them is found; KeywordList. */
export const requestIds = defineSearchAttributeKey('RequestIds', 'KEYWORD_LIST');
/** The most bytes of request ids in one attribute: Temporal takes 2 KB for the value of one, with its encoding. */
export const ATTRIBUTE_BYTES = 1_900;
/** Returns whether Temporal finds an execution by a request id: it does not by one with `"` or a backslash. */
export const isFound = (id: string): boolean => !/["\\]/.test(id);
/** Returns the bytes that a request id takes in the attribute; more than there are for one that is not found by it. */
export const attributeBytes = (id: string): number =>
  isFound(id) ? new TextEncoder().encode(JSON.stringify(id)).length + 1 : ATTRIBUTE_BYTES + 1;
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
  requestIds,
] as const;
