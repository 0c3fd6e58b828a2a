/** The activities of a slice, and the key under which they find it. */
import { proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { ParkingActivities, PlanSliceActivity, SliceActivities } from '../../src/domain/intake/slice.js';
import { storeActivity } from '../policies.js';

/**
 * Local, as for one list. Without a bound on its attempts: it asks PostgreSQL which lists are answered, and a slice
 * waits for that as long as it takes, since nothing has happened yet.
 */
export const { planSlice } = proxyLocalActivities<{ planSlice: PlanSliceActivity }>({
  startToCloseTimeout: '10 s',
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

export const { answerLists } = proxyActivities<SliceActivities>(storeActivity);

/** Without a bound on its attempts: until the lists are stored, only this execution knows that they wait. */
export const { parkLists } = proxyActivities<ParkingActivities>({
  ...storeActivity,
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

/** By which activities find the slice: the hash the intake gave it, as its own process has it at hand under that. */
export function sliceKey(): string {
  const { memo, runId } = workflowInfo();
  const hash = memo?.['slice_sha256'];
  return typeof hash === 'string' && hash.length <= 64 ? hash : runId;
}
