/**
 * These are the search attributes of an execution. `bridge setup` registers them, because they must exist before the
 * first start.
 */
import { defineSearchAttributeKey } from '@temporalio/common';

/** The attribute is `running` until the end, then the report's outcome. Its type is Keyword. */
export const intentOutcome = defineSearchAttributeKey('IntentOutcome', 'KEYWORD');
/** Distinct intent types of the list; KeywordList. */
export const intentTypes = defineSearchAttributeKey('IntentTypes', 'KEYWORD_LIST');
/** Intents that did not succeed; Int. */
export const failedIntents = defineSearchAttributeKey('FailedIntents', 'INT');
/** The list's correlation id; Keyword. */
export const correlationId = defineSearchAttributeKey('CorrelationId', 'KEYWORD');
/**
 * Announcements no broker took before the execution closed, for the sweep to send; Int. The attribute is absent when
 * there are none.
 */
export const unannouncedEffects = defineSearchAttributeKey('UnannouncedEffects', 'INT');

export const searchAttributeKeys = [
  intentOutcome,
  intentTypes,
  failedIntents,
  correlationId,
  unannouncedEffects,
] as const;
