/** The baseline is a Temporal workflow that does nothing, in the shape of an execution. */
import { proxyActivities } from '@temporalio/workflow';

const { noop } = proxyActivities<{ noop(): Promise<void> }>({ startToCloseTimeout: '30 s' });

/** @param rounds how many activities run side by side in each round. */
export async function NoopWorkflow(rounds: readonly number[]): Promise<void> {
  for (const activities of rounds) await Promise.all(Array.from({ length: activities }, () => noop()));
}
