/** This module runs slices on the real servers, and reads what is stored and published of them. */
import { randomUUID } from 'node:crypto';
import type { SliceList, Verdict } from '../../../src/domain/intake/list.js';
import type { SliceReport } from '../../../src/domain/intake/slice.js';
import type { Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';

/** Returns the list of an envelope. */
export const list = (intents: readonly unknown[], rest: Partial<SliceList> = {}): SliceList => ({
  event_id: randomUUID(),
  correlation_id: null,
  intents,
  ...rest,
});

/** @param environment is called at each use, because the environment is made just before the first test. */
export function sliceCalls(environment: () => Environment) {
  const execute = (input: unknown): Promise<SliceReport> =>
    environment().temporal.workflow.execute<(given: unknown) => Promise<SliceReport>>('ExecuteSliceWorkflow', {
      args: [input],
      taskQueue: environment().config.TEMPORAL_TASK_QUEUE,
      workflowId: `slice-${randomUUID()}`,
    });
  return {
    execute,
    run: (...lists: SliceList[]) => execute({ lists }),
    verdictOf: async ({ event_id }: SliceList): Promise<Verdict | undefined> =>
      (
        await environment().pool.query<{ verdict: Verdict }>(
          'SELECT verdict FROM intake_verdicts WHERE event_id = $1',
          [event_id],
        )
      ).rows[0]?.verdict,
    /** Returns the items aggregated under a bridge; null when it has no row. */
    totalOf: async (bridgeId: string) =>
      (
        await environment().pool.query<{ total: string | null }>(
          'SELECT sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = $1',
          [bridgeId],
        )
      ).rows[0]?.total,
    /** Returns the INTENT_RESULT events of a list. */
    resultsOf: async (given: SliceList) =>
      (await readEvents(environment(), ['INTENT_RESULT'])).filter(
        ({ envelope }) => envelope.causation_id === given.event_id,
      ),
  };
}
