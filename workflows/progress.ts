/** Answer of the `progress` query. */
import type { Plan } from '../src/intents/plan.js';
import type { IntentResult } from '../src/intents/result.js';

export interface Progress {
  readonly total: number;
  readonly settled: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Priority of the tier being run; null before the first and after the last. */
  readonly priority: number | null;
}

export function progressOf(
  plan: Plan,
  results: readonly (IntentResult | undefined)[],
  priority: number | null,
): Progress {
  const settled = results.filter((result) => result !== undefined);
  const succeeded = settled.filter(({ success }) => success).length;
  return {
    total: plan.intents.length,
    settled: settled.length,
    succeeded,
    failed: settled.length - succeeded,
    priority,
  };
}
