/** The `progress` query says how far an execution is; it is answered at any time, also after its end. */
import { defineQuery } from '@temporalio/workflow';
import type { IntentResult } from '../../src/domain/intents/result.js';
import type { Work } from '../../src/domain/execution/work.js';

/** `Progress` counts the intents of a running list. */
export interface Progress {
  readonly total: number;
  readonly settled: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Priority of the tier being run; null before the first and after the last. */
  readonly priority: number | null;
}

/** The answer is null until the plan is made. A shared execution takes the request id of the list that is meant. */
export const progressQuery = defineQuery<Progress | null, [requestId?: string]>('progress');

export function progressOf(
  work: Pick<Work, 'intents'>,
  results: readonly (IntentResult | undefined)[],
  priority: number | null,
): Progress {
  const ended = results.filter((result) => result !== undefined);
  const succeeded = ended.filter(({ success }) => success).length;
  return {
    total: work.intents.length,
    settled: ended.length,
    succeeded,
    failed: ended.length - succeeded,
    priority,
  };
}
