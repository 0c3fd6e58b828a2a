/**
 * This adapter starts or wakes executions of `ExecuteParkedListsWorkflow`: one a partition, while it has parked lists.
 */
import type { Client } from '@temporalio/client';
import type { ParkedRuns } from '../domain/intake/ports.js';
import { PARKED_WAKE, parkedRunOf, type ParkedReport } from '../domain/intake/slice.js';

export const createParkedRuns = (client: Client, taskQueue: string): ParkedRuns => ({
  async wake(partition) {
    await client.workflow.signalWithStart<(partition: string) => Promise<ParkedReport>>('ExecuteParkedListsWorkflow', {
      args: [partition],
      taskQueue,
      workflowId: parkedRunOf(partition),
      signal: PARKED_WAKE,
      signalArgs: [],
      staticSummary: 'lists that wait for a key',
    });
  },
});
